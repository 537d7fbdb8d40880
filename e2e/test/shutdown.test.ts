import { once } from 'node:events'
import t from 'tap'
import { checkedFetch } from './contract/checked.ts'
import { openRaw } from './hostile/raw.ts'
import { newPerson } from './person.ts'
import { npmStart, startStandalone } from './standalone.ts'

t.test('a signal to npm start, or to its process group, shuts the server down cleanly', async t => {
  const signals: [string, NodeJS.Signals, (pid: number) => number][] = [
    ['as `docker stop` does', 'SIGTERM', pid => pid],
    ['as Ctrl-C does', 'SIGINT', pid => -pid]
  ]
  for (const [name, signal, target] of signals) {
    const server = await npmStart(t.testdir())
    const socket = await (await newPerson(server.url)).connect()
    process.kill(target(server.pid), signal)
    t.equal(await server.gone, 0, name)
    t.equal((await socket.closed).code, 4001)
    await t.rejects(checkedFetch(`${server.url}/livez`), 'the server is gone')
  }
})

t.test('connections without a complete request do not delay the shutdown', async t => {
  const server = await startStandalone(t.testdir())
  for (const bytes of ['', 'GET /livez HTTP/1.1\r\nHo']) await once(openRaw(server.url, bytes), 'connect')
  await checkedFetch(`${server.url}/livez`)

  t.equal(await server.stop('SIGTERM'), 0)
})
