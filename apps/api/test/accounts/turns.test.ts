import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import t, { type Test } from 'tap'
import { passwordService } from '../../src/services/passwords.ts'
import { startApi } from '../app.ts'

const ATTACKER = '192.0.2.1'
const HONEST = '198.51.100.1'

/** A node that checks passwords one by one when the test says so. */
async function startSlow(t: Test) {
  const asked: string[] = []
  const refused: string[] = []
  const checked: string[] = []
  const ends: (() => void)[] = []
  const hearing = new EventTarget()
  const check = (_: string, password: string) => {
    checked.push(password)
    return new Promise<boolean>(resolve => ends.push(() => resolve(false)))
  }
  const service = passwordService({ engine: { hash: async () => '', verifies: { $argon2id$: check } } })
  const note = (list: string[], password: string) => {
    list.push(password)
    hearing.dispatchEvent(new Event('noted'))
  }

  const { app } = await startApi(t, {
    ports: () => ({
      passwords: {
        ...service,
        async verify(hash, password, asker) {
          const verdict = service.verify(hash, password, asker).catch(error => {
            note(refused, password)
            throw error
          })
          note(asked, password)
          return verdict
        }
      }
    })
  })
  await app.listen({ port: 0, host: '127.0.0.1' })

  return {
    app,
    checked,
    refused,
    logIn: (password: string, remoteAddress: string) =>
      app.inject({ method: 'POST', url: '/auth/login/', remoteAddress, payload: { username: password, password } }),
    /** Resolves once so many passwords wait, or have waited. */
    async waiting(count: number): Promise<void> {
      while (asked.length < count) await once(hearing, 'noted')
    },
    async refusal(): Promise<void> {
      while (refused.length === 0) await once(hearing, 'noted')
    },
    /** Ends all checks, one after the other. */
    async endAll(): Promise<void> {
      for (let end = ends.shift(); end !== undefined; end = ends.shift()) {
        end()
        await new Promise(resolve => setImmediate(resolve))
      }
    }
  }
}

t.test('however many passwords one address gives, a log-in from another waits for one of them', async t => {
  const { logIn, waiting, endAll, checked } = await startSlow(t)
  const flood = Array.from({ length: 60 }, (_, n) => logIn(`wrong ${n}`, ATTACKER))
  await waiting(60)
  const honest = logIn('honest', HONEST)
  await waiting(61)
  await endAll()

  t.equal((await honest).statusCode, 401)
  t.ok(checked.indexOf('honest') <= 3, 'after the two that were under way, and one more')
  t.same(new Set((await Promise.all(flood)).map(({ statusCode }) => statusCode)), new Set([401]))
})

t.test('a password whose client has gone while it waited is not checked', async t => {
  const { app, logIn, waiting, refusal, refused, endAll, checked } = await startSlow(t)
  const others = [logIn('one', ATTACKER), logIn('two', ATTACKER)]
  await waiting(2)
  const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1')
  const body = JSON.stringify({ username: 'gone', password: 'gone' })
  const head = ['POST /auth/login/ HTTP/1.1', 'Host: x', 'Content-Type: application/json']
  socket.write(`${[...head, `Content-Length: ${body.length}`].join('\r\n')}\r\n\r\n${body}`)
  await waiting(3)
  socket.destroy()
  await refusal()
  await endAll()

  await Promise.all(others)
  t.same(refused, ['gone'])
  t.same(checked, ['one', 'two'])
})
