import { once } from 'node:events'
import t from 'tap'
import { witnessedFetch } from './contract/witness.ts'
import { speak } from './hostile/raw.ts'
import { newPerson } from './person.ts'
import { npmStart, startStandalone } from './standalone.ts'

t.test('a signal to npm start, or to all it started, ends the server in good order', async t => {
  const ways: [string, NodeJS.Signals, (pid: number) => number][] = [
    ['as `docker stop` does', 'SIGTERM', pid => pid],
    ['as Ctrl-C does', 'SIGINT', pid => -pid]
  ]
  for (const [name, signal, target] of ways) {
    const server = await npmStart(t.testdir())
    const socket = await (await newPerson(server.url)).connect()
    process.kill(target(server.pid), signal)
    t.equal(await server.gone, 0, name)
    t.equal((await socket.closed).code, 4001)
    await t.rejects(witnessedFetch(`${server.url}/livez`), 'nothing answers any more')
  }
})

t.test('connections on which nothing was asked yet do not keep it from ending', async t => {
  const server = await startStandalone(t.testdir())
  for (const words of ['', 'GET /livez HTTP/1.1\r\nHo']) await once(speak(server.url, words), 'connect')
  await witnessedFetch(`${server.url}/livez`)

  t.equal(await server.stop('SIGTERM'), 0)
})
