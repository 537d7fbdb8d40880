import { ConfigError } from '@rendezvous/env'
import t from 'tap'
import { failureText, OperatorError } from '../src/failure.ts'

t.test('an error that the operator can fix is printed as its message', async t => {
  class DiskFull extends OperatorError {}
  t.equal(failureText(new DiskFull('The disk is full. Free some space.')), 'The disk is full. Free some space.')
  const config = new ConfigError([{ name: 'PORT', mustBe: 'an integer', missing: false }])
  t.match(failureText(config), /PORT must be an integer/)
})

t.test('an address that cannot be listened on is named, with the variable to change', async t => {
  const failed = (code: string, syscall = 'listen') =>
    failureText(
      Object.assign(new Error('x'), { code, syscall, address: '127.0.0.1', port: 80, hostname: 'no.example' })
    )
  t.match(failed('EADDRINUSE'), /^The port is taken by another process: 127.0.0.1:80\. .* set PORT\.$/)
  t.match(failed('EACCES'), /127.0.0.1:80\. Set PORT/)
  t.match(failed('EADDRNOTAVAIL'), /Set HOST/)
  t.match(failed('ENOTFOUND', 'getaddrinfo'), /no.example has no address .*HOST/)
  t.equal(failed('EACCES', 'open'), null)
})

t.test('an AbortError is expected only after a signal', async t => {
  const error = Object.assign(new Error('aborted'), { name: 'AbortError' })
  t.equal(failureText(error, AbortSignal.abort()), 'Interrupted before it was ready.')
  t.equal(failureText(error, new AbortController().signal), null)
  t.equal(failureText(error), null)
})

t.test('any other error is a bug', async t => {
  t.equal(failureText(new TypeError('x is not a function')), null)
  t.equal(failureText('a text'), null)
})
