import type { Message } from '@rendezvous/contract'
import t, { type Test } from 'tap'
import { startNodes } from '../cluster.ts'
import type { Person } from '../person.ts'
import { duplicatesOf, gapsOf, historyOf, isMember, leaksOf, type RoomHistory } from './history.ts'
import { newParticipant, type Participant } from './participant.ts'

const ROUNDS = 14
const ACTIONS = 12
const MEMBERS = 6
/** Printed with a failure; `ROOMS_SEED` repeats one. */
const SEED = Number(process.env.ROOMS_SEED ?? Date.now() % 2 ** 31)

const nodes = await startNodes(t)
const { faults } = nodes.wire
const random = randomOf(SEED)
const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T
const either = (): 0 | 1 => (random() < 0.5 ? 0 : 1)

/** The faults of a round. Each begins before the actions of the round and ends after them. */
const faultKinds: readonly (() => Fault)[] = [
  () => ({ begin() {}, async lasted() {}, end() {} }),
  () => {
    const slow = either()
    return {
      begin: () => faults.hold(`api-${slow}`),
      lasted: () => isDelivered(slow === 0 ? 1 : 0), // so that a later event overtakes those that are held
      end: () => faults.release(`api-${slow}`)
    }
  },
  () => {
    const cutOff = either()
    return {
      begin: () => faults.disconnect(`gateway-${cutOff}`),
      async lasted() {},
      end: () => faults.reconnect(`gateway-${cutOff}`)
    }
  }
]

interface Fault {
  begin(): void
  /** Resolves when the fault has lasted long enough to end. */
  lasted(): Promise<void>
  end(): void
}

const owner = await newParticipant(nodes, [0, 1], fetchedHead)
const others = await Promise.all(
  Array.from({ length: MEMBERS }, (_, n) => newParticipant(nodes, n < 2 ? [0, 1] : [n % 2 === 0 ? 0 : 1], fetchedHead))
)
const founders = others.slice(0, MEMBERS / 2)
const group = await owner.at[0].http.request<{ id: number }>('POST', '/api/v1/conversations/', {
  participants: founders.map(({ id }) => id),
  title: 'A busy room'
})
const path = `/api/v1/conversations/${group.id}/`

t.test('a member receives every event, and nobody receives events from outside a membership', async t => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const fault = pick(faultKinds)()
    fault.begin()
    await Promise.all(Array.from({ length: ACTIONS }, act))
    await fault.lasted()
    fault.end()
  }
  const history = await settled()
  const found = [owner, ...others].flatMap(actor =>
    actor.sockets.flatMap(socket => [leaksOf, gapsOf, duplicatesOf].flatMap(of => of(history, actor, socket)))
  )
  t.same(found, [], `ROOMS_SEED=${SEED} runs the same again`)
  hasEnoughChanges(t, history)
})

/** A random participant sends, leaves, joins or is removed, on either node. It may be refused after a concurrent
 *  change. */
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

/** Fetches the room as `person`. Answers the highest `seq` they know then; the head of the room when they are no
 *  member. */
async function fetchedHead({ http }: Person): Promise<number> {
  const head = await headFor(owner.at[0])
  return headFor({ http }).catch(error => {
    if (error.code !== 'not_found') throw error
    return head
  })
}

async function headFor({ http }: Pick<Person, 'http'>): Promise<number> {
  return Math.max(...(await http.messages(group.id)).map(({ seq }) => seq))
}

/** Resolves when a message that the owner sends on `node` has reached both of their gateways. */
async function isDelivered(node: 0 | 1): Promise<void> {
  const { id } = await owner.at[node].http.send(group.id, 'a marker')
  await Promise.all(
    owner.sockets.map(socket => socket.waitFor(event => event.type === 'message_created' && event.id === id))
  )
}

/** The stored history, once every open socket of a member has received its last message and answered a ping. */
async function settled(): Promise<RoomHistory> {
  for (;;) {
    const { id } = await owner.at[0].http.send(group.id, 'the last message')
    const page = await owner.at[0].http.request<{ results: Message[] }>('GET', `${path}messages/?limit=500`)
    const history = historyOf(
      group.id,
      [owner, ...founders].map(({ id }) => id),
      page.results
    )
    const members = [owner, ...others].filter(actor => isMember(history, actor)).flatMap(({ sockets }) => sockets)
    for (const { sockets } of [owner, ...others]) for (const socket of sockets) await socket.answered()
    const isDone = members.every(
      ({ isOpen, received }) => !isOpen || received.some(event => event.type === 'message_created' && event.id === id)
    )
    if (isDone) return history
  }
}

/** Asserts that the run changed the room often, and that everybody kept a connection. */
function hasEnoughChanges(t: Test, { memberships, head }: RoomHistory): void {
  t.ok(head > ROUNDS * 2, `${head} changes`)
  t.ok([...memberships.values()].flat().length > MEMBERS * 2, 'members joined and left')
  t.ok(
    [owner, ...others].every((actor: Participant) => actor.sockets.some(({ isOpen }) => isOpen)),
    'and everybody kept an open socket'
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
