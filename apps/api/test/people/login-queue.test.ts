import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import t, { type Test } from 'tap'
import { passwordService } from '../../src/people/passwords/service.ts'
import { startApi } from '../app.ts'

const ATTACKER = '192.0.2.1'
const OWNER = '198.51.100.1'

/** A node whose password checks end when the test says so. */
async function startSlow(t: Test) {
  const asked: string[] = []
  const refused: string[] = []
  const checked: string[] = []
  const ends: (() => void)[] = []
  const events = new EventTarget()
  const check = (_: string, password: string) => {
    checked.push(password)
    return new Promise<boolean>(resolve => ends.push(() => resolve(false)))
  }
  const service = passwordService({ engine: { hash: async () => '', verifies: { $argon2id$: check } } })
  const record = (list: string[], password: string) => {
    list.push(password)
    events.dispatchEvent(new Event('recorded'))
  }

  const { app } = await startApi(t, {
    ports: () => ({
      passwords: {
        ...service,
        async verify(hash, password, requester) {
          const verdict = service.verify(hash, password, requester).catch(error => {
            record(refused, password)
            throw error
          })
          record(asked, password)
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
    /** Resolves when `count` passwords have entered the queue. */
    async waiting(count: number): Promise<void> {
      while (asked.length < count) await once(events, 'recorded')
    },
    async refusal(): Promise<void> {
      while (refused.length === 0) await once(events, 'recorded')
    },
    /** Ends all checks one by one. */
    async endAll(): Promise<void> {
      for (let end = ends.shift(); end !== undefined; end = ends.shift()) {
        end()
        await new Promise(resolve => setImmediate(resolve))
      }
    }
  }
}

t.test('a log-in waits for at most one of the many passwords from another address', async t => {
  const { logIn, waiting, endAll, checked } = await startSlow(t)
  const flood = Array.from({ length: 60 }, (_, n) => logIn(`wrong ${n}`, ATTACKER))
  await waiting(60)
  const honest = logIn('honest', OWNER)
  await waiting(61)
  await endAll()

  t.equal((await honest).statusCode, 401)
  t.ok(checked.indexOf('honest') <= 3, 'after the two running checks and one more')
  t.same(new Set((await Promise.all(flood)).map(({ statusCode }) => statusCode)), new Set([401]))
})

t.test('a password whose client goes away while it waits is not checked', async t => {
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
  t.same(checked.toSorted(), ['one', 'two'], 'two requests that come at once are checked in either order')
})
