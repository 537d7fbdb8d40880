import { EventEmitter } from 'node:events'
import t from 'tap'
import { shutdownSignal } from '../src/signals.ts'

/** A process whose signals and clock the test drives. */
function fakeHost() {
  const events = new EventEmitter()
  const exits: number[] = []
  let now = 0
  const host = {
    on: (signal: 'SIGINT' | 'SIGTERM', listener: () => void) => events.on(signal, listener),
    exit: (code: number) => exits.push(code)
  }
  return {
    shutdown: shutdownSignal(host, () => now),
    exits,
    send(signal: 'SIGINT' | 'SIGTERM', at: number) {
      now = at
      events.emit(signal)
    }
  }
}

t.test('the first SIGINT or SIGTERM aborts, and does not exit', async t => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const { shutdown, send, exits } = fakeHost()
    t.notOk(shutdown.aborted)
    send(signal, 0)
    t.ok(shutdown.aborted)
    t.same(exits, [])
  }
})

t.test('a copy within a second of the first signal changes nothing', async t => {
  const { send, exits } = fakeHost()
  send('SIGINT', 5_000)
  send('SIGINT', 6_000)
  t.same(exits, [])
})

t.test('a signal more than a second after the first exits with 130', async t => {
  const { send, exits } = fakeHost()
  send('SIGINT', 5_000)
  send('SIGTERM', 6_001)
  t.same(exits, [130])
})
