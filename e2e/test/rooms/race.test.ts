import type { Message } from '@rendezvous/contract'
import t, { type Test } from 'tap'
import { startNodes } from '../cluster.ts'
import { type Actor, newActor } from './crowd.ts'
import { doublesOf, gapsOf, isInside, leaksOf, type Truth, truthOf } from './truth.ts'

const ROUNDS = 14
const ACTS = 12
const MEMBERS = 6
/** Printed with a failure; `ROOMS_SEED` repeats one. */
const SEED = Number(process.env.ROOMS_SEED ?? Date.now() % 2 ** 31)

const nodes = await startNodes(t)
const { faults } = nodes.wire
const random = randomOf(SEED)
const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T
const either = (): 0 | 1 => (random() < 0.5 ? 0 : 1)

/** What may go wrong in a round: begun before its acts, ended after. */
const troubles: readonly (() => Trouble)[] = [
  () => ({ begin() {}, async until() {}, end() {} }),
  () => {
    const slow = either()
    return {
      begin: () => faults.hold(`api-${slow}`),
      until: () => isTold(slow === 0 ? 1 : 0), // what the other node tells goes out without what is held, in the end
      end: () => faults.release(`api-${slow}`)
    }
  },
  () => {
    const deaf = either()
    return {
      begin: () => faults.disconnect(`gateway-${deaf}`),
      async until() {},
      end: () => faults.reconnect(`gateway-${deaf}`)
    }
  }
]

interface Trouble {
  begin(): void
  until(): Promise<void>
  end(): void
}

const owner = await newActor(nodes, [0, 1])
const others = await Promise.all(
  Array.from({ length: MEMBERS }, (_, n) => newActor(nodes, n < 2 ? [0, 1] : [n % 2 === 0 ? 0 : 1]))
)
const founders = others.slice(0, MEMBERS / 2)
const group = await owner.at[0].http.request<{ id: number }>('POST', '/api/v1/conversations/', {
  participants: founders.map(({ id }) => id),
  title: 'A busy room'
})
const path = `/api/v1/conversations/${group.id}/`

t.test('nobody receives what was sent while he was outside, and who is inside gets all of it', async t => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const trouble = pick(troubles)()
    trouble.begin()
    await Promise.all(Array.from({ length: ACTS }, act))
    await trouble.until()
    trouble.end()
  }
  const truth = await atRest()
  const found = [owner, ...others].flatMap(actor =>
    actor.ears.flatMap(ear => [leaksOf, gapsOf, doublesOf].flatMap(of => of(truth, actor, ear)))
  )
  t.same(found, [], `ROOMS_SEED=${SEED} runs the same again`)
  provesSomething(t, truth)
})

/** Somebody does something, on either node. What he may not do, since somebody else was quicker, is refused. */
async function act(): Promise<void> {
  const [actor, node] = [pick(others), either()]
  const { http } = actor.at[node]
  const chance = random()
  const done =
    chance < 0.5
      ? http.send(group.id, 'hello')
      : chance < 0.65
        ? http.leave(group.id)
        : owner.at[node].http.request('POST', `${path}members/${chance < 0.8 ? 'remove/' : ''}`, {
            user_ids: [actor.id]
          })
  await done.catch(error => {
    if (error.code !== 'not_found') throw error
  })
}

/** Resolves when a message of the owner, sent on that node, has reached him on both gateways. */
async function isTold(node: 0 | 1): Promise<void> {
  const { id } = await owner.at[node].http.send(group.id, 'a mark')
  await Promise.all(owner.ears.map(ear => ear.hears(event => event.type === 'message_created' && event.id === id)))
}

/** What was stored in the end, once everybody inside has heard of its last value and whatever else goes out has gone out. */
async function atRest(): Promise<Truth> {
  for (;;) {
    const { id } = await owner.at[0].http.send(group.id, 'the last word')
    const history = await owner.at[0].http.request<{ results: Message[] }>('GET', `${path}messages/?limit=500`)
    const truth = truthOf(
      group.id,
      [owner, ...founders].map(({ id }) => id),
      history.results
    )
    const inside = [owner, ...others].filter(actor => isInside(truth, actor)).flatMap(({ ears }) => ears)
    for (const { ears } of [owner, ...others]) for (const ear of ears) await ear.answered()
    const hasHeard = inside.every(
      ({ isOpen, heard }) => !isOpen || heard.some(event => event.type === 'message_created' && event.id === id)
    )
    if (hasHeard) return truth
  }
}

/** That people came and went, and were told so. */
function provesSomething(t: Test, { stays, head }: Truth): void {
  t.ok(head > ROUNDS * 2, `${head} values`)
  t.ok([...stays.values()].flat().length > MEMBERS * 2, 'people came and went')
  t.ok(
    [owner, ...others].every((actor: Actor) => actor.ears.some(({ isOpen }) => isOpen)),
    'and stayed connected'
  )
}

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
