import { setImmediate as turn } from 'node:timers/promises'
import { type Backend, type CommandResult, type IssuedCommand, inProcess, limits, type Seq } from '@rendezvous/contract'
import t from 'tap'
import { batchedBackend } from '../src/backend/batches.ts'
import { gathering } from '../src/backend/gathering.ts'
import { fakeBackend } from './fake-backend.ts'
import { alice, bob, claimsOf, talk } from './gateway.ts'
import { manualTimers } from './manual-timers.ts'

interface Call {
  readonly entries: readonly string[]
  answer(index: number): void
  answerAll(): void
  end(): void
  fail(error: Error): void
}

/** Gathers texts into calls whose entries the test answers, each with its text in capitals. */
function openGathering() {
  const timers = manualTimers()
  const calls: Call[] = []
  const load = gathering<string, string>(
    (entries, answer) =>
      new Promise((end, fail) => {
        const answerOne = (index: number) => answer(index, entries[index]?.toUpperCase() ?? '')
        const answerAll = () => {
          for (const index of entries.keys()) answerOne(index)
          end()
        }
        calls.push({ entries, end, fail, answer: answerOne, answerAll })
      }),
    { timers, delayMs: 3, size: limits.backendBatch }
  )
  const sent = () => calls.map(({ entries }) => entries.join(''))
  /** The call at `index`. @throws when it was not made. */
  const callAt = (index: number): Call => {
    const call = calls[index]
    if (call === undefined) throw new Error(`call ${index} was not made`)
    return call
  }
  return { timers, load, sent, callAt }
}

t.test('while no call is under way, entries are sent at the end of their turn of the event loop', async t => {
  const { load, sent, callAt } = openGathering()
  for (const entry of ['a', 'b', 'c']) void load(entry)
  t.same(sent(), [])
  await turn()
  t.same(sent(), ['abc'])

  callAt(0).answerAll()
  await turn()
  void load('d')
  await turn()
  t.same(sent(), ['abc', 'd'])
})

t.test('while a call is under way, entries wait until it ends', async t => {
  const { load, sent, callAt } = openGathering()
  void load('a')
  await turn()
  void load('b')
  await turn()
  void load('c')
  await turn()
  t.same(sent(), ['a'])
  callAt(0).answerAll()
  await turn() // the call ends
  await turn()
  t.same(sent(), ['a', 'bc'])
})

t.test('a call that does not end delays others only for the delay, counted from when it was sent', async t => {
  const { load, sent, timers } = openGathering()
  void load('a')
  await turn()
  timers.advance(2)
  void load('b')
  await turn()
  t.same(sent(), ['a'])
  timers.advance(1)
  await turn()
  t.same(sent(), ['a', 'b'])
  timers.advance(3)
  void load('c')
  await turn()
  t.same(sent(), ['a', 'b', 'c'])
})

t.test('each entry is answered when it is done, and those without an answer reject with the call', async t => {
  const { load, callAt } = openGathering()
  const [a, b, c] = [load('a'), load('b'), load('c')]
  await turn()
  callAt(0).answer(2)
  t.equal(await c, 'C')
  callAt(0).answer(0)
  t.equal(await a, 'A')
  callAt(0).fail(new Error('the api is gone'))
  await t.rejects(b, /the api is gone/)
})

t.test('an entry that its call left without an answer rejects', async t => {
  const { load, callAt } = openGathering()
  const [a, b] = [load('a'), load('b')]
  await turn()
  callAt(0).answer(0)
  callAt(0).end()
  t.equal(await a, 'A')
  await t.rejects(b, /without an answer/)
})

const claims = claimsOf(alice, 9_999_999_999_999)
const read = (seq: number): IssuedCommand => ({
  claims,
  command: { type: 'mark_read', conversation_id: talk, seq: seq as Seq }
})

/** An api that answers every command except one of the type `hanging`, whose answer waits for `release`. */
function hangingBackend(hanging: IssuedCommand['command']['type'], seq = 0) {
  let release = () => {}
  const released = new Promise<void>(resolve => {
    release = resolve
  })
  const hangs = ({ command }: IssuedCommand) => command.type === hanging && (!('seq' in command) || command.seq === seq)
  const execute: Backend['execute'] = async (commands, answer) => {
    const ok: CommandResult = { ok: true, result: {} }
    for (const [index, issued] of commands.entries()) if (!hangs(issued)) answer(index, ok)
    if (!commands.some(hangs)) return
    await released
    answer(commands.findIndex(hangs), ok)
  }
  const timers = manualTimers()
  const batched = batchedBackend(inProcess({ ...fakeBackend(), execute }), timers, 3)
  return { batched, timers, release: () => release() }
}

t.test('when one of 50 commands of a call hangs, the other 49 are answered', async t => {
  const { batched, release } = hangingBackend('mark_read', 7)
  const results = Array.from({ length: limits.backendBatch }, (_, seq) => batched.execute(read(seq)))
  const others = await Promise.all(results.filter((_, seq) => seq !== 7))
  t.equal(others.length, limits.backendBatch - 1)
  t.ok(others.every(({ ok }) => ok))
  release()
  t.match(await results[7], { ok: true })
})

t.test('a sync under way delays no other command', async t => {
  const { batched, release } = hangingBackend('sync')
  const sync = batched.execute({ claims, command: { type: 'sync' } })
  await turn()
  t.match(await batched.execute(read(1)), { ok: true })
  release()
  t.match(await sync, { ok: true })
})

t.test('deliverWaiting names each user of a call once', async t => {
  const backend = fakeBackend()
  const batched = batchedBackend(backend, manualTimers(), 3)
  await Promise.all([alice, bob, alice].map(batched.deliverWaiting))
  t.same(backend.asked('deliverWaiting'), [alice, bob])
})
