import {
  type ChatStore,
  type ConversationState,
  chatStore,
  httpTransport,
  type StoreTransport,
  statusOf
} from '@rendezvous/client'
import type { Conversation, ConversationId, Message, UserId } from '@rendezvous/contract'
import fc from 'fast-check'
import t from 'tap'
import { type FrameAction, frameActions, openLink } from './link.ts'
import { Refused, type SyncUser, startSyncNode } from './node.ts'
import { carryOut, type Setting, type Step, steps } from './steps.ts'

const RUNS = Number(process.env.SYNC_RUNS ?? 120)
/** The limit of a sync, low enough that it takes several pages. */
const LIMIT = 4
/** In every fifth run the store is also compared with the lists of the HTTP API. */
const COMPARED_EVERY = 5
/** The most times that the timers of a client fire while it catches up. */
const ROUNDS = 50
const SEED = Number(process.env.SYNC_SEED ?? Date.now() % 1_000_000)
const node = await startSyncNode(t)
const [carl, dora] = [await node.join(), await node.join()]

/** Timers that fire when the test says so. */
function timers() {
  const armed = new Set<() => void>()
  return {
    after(_ms: number, run: () => void) {
      armed.add(run)
      return () => armed.delete(run)
    },
    /** Fires all timers. False when there were none. */
    fire(): boolean {
      const due = [...armed]
      armed.clear()
      for (const run of due) run()
      return due.length > 0
    }
  }
}

function storeOf(user: SyncUser) {
  const clock = timers()
  const http = httpTransport(user.http)
  const transport: StoreTransport = {
    ...http,
    sync: async request => http.sync({ ...request, limit: LIMIT })
  }
  const store = chatStore({
    userId: user.id as UserId,
    transport,
    after: clock.after,
    onError(error) {
      if (!(error instanceof Refused)) throw error
    }
  })
  return { store, clock }
}

/** Creates a group of all four, owned by Ann, and a direct conversation of Ann and Bob. */
async function createSetting(): Promise<Setting> {
  const [ann, bob] = [await node.join(), await node.join()]
  const path = '/api/v1/conversations/'
  const participants = [bob.id, carl.id, dora.id]
  const group = await ann.http.request<Conversation>('POST', path, { participants, is_group: true, title: 'group' })
  const direct = await ann.http.request<Conversation>('POST', path, { participants: [bob.id] })
  return { users: { ann, bob, carl, dora }, group: group.id, direct: direct.id, messages: new Map() }
}

/** The parts of a conversation that must be equal in both stores; messages from `from` on. */
function comparable(talk: ConversationState | undefined, from: number) {
  if (talk === undefined) return null
  const { updated_at, ...facts } = talk.facts
  const messages = [...talk.messages.values()].filter(({ seq }) => seq >= from)
  const members = talk.members === null ? null : [...talk.members].sort(([a], [b]) => a - b)
  const receipts = [...talk.receipts].sort(([a], [b]) => a - b)
  return { facts, last: talk.last, receipts, messages, members, position: talk.position }
}

/** Runs the steps over a link with `actions`, then lets the client catch up. */
async function play(script: readonly Step[], actions: readonly FrameAction[]) {
  const setting = await createSetting()
  const { ann } = setting.users
  const { store, clock } = storeOf(ann)
  const link = openLink(node, ann, { frameActions: actions, receive: store.receive })
  const ids = [setting.group, setting.direct] as ConversationId[]
  const network: Readonly<Record<Extract<Step, { kind: 'network' }>['what'], (place: number) => unknown>> = {
    disconnect: () => link.disconnect(),
    reconnect: () => link.reconnect(),
    flush: () => link.flush(),
    wait: () => store.settled(),
    timers: () => clock.fire(),
    close: place => store.close(ids[place % 2] as ConversationId),
    open: place => store.open(ids[place % 2] as ConversationId)
  }
  await link.reconnect()
  await store.settled()
  for (const id of ids) store.open(id)
  for (const step of script) {
    if (step.kind === 'command') await carryOut(setting, step)
    else await network[step.what](step.place)
    await node.published()
  }
  link.disconnect()
  await link.reconnect()
  await catchUp(store, clock)
  link.close()
  return { setting, store }
}

/** Fires timers until the client has nothing to fetch.
 *  @throws Error when it never stops: it was told of something that does not exist. */
async function catchUp(store: ChatStore, clock: ReturnType<typeof timers>): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    await store.settled()
    if (!clock.fire()) return
  }
  throw new Error(
    `the client does not come to rest: ${JSON.stringify([...store.conversations.values()].map(({ facts }) => facts))}`
  )
}

/** The state of the client, and that of a new client. */
async function compare({ setting, store }: Awaited<ReturnType<typeof play>>) {
  const { ann } = setting.users
  const fresh = storeOf(ann)
  const link = openLink(node, ann, { frameActions: ['pass'], receive: fresh.store.receive })
  await link.reconnect()
  await catchUp(fresh.store, fresh.clock)
  for (const [id, { members }] of store.conversations) if (members !== null) fresh.store.open(id)
  await catchUp(fresh.store, fresh.clock)
  link.close()
  const ids = [...new Set([...store.conversations.keys(), ...fresh.store.conversations.keys()])].sort()
  const from = (id: ConversationId) =>
    Math.max(...[store, fresh.store].map(({ conversations }) => conversations.get(id)?.from ?? 0))
  const view = ({ conversations }: ChatStore) => ids.map(id => comparable(conversations.get(id), from(id)))
  return { had: view(store), now: view(fresh.store) }
}

/** The differences between two values, one a line; empty when they are equal. */
function differenceOf(had: unknown, now: unknown, path = ''): string {
  if (JSON.stringify(had) === JSON.stringify(now)) return ''
  if (typeof had !== 'object' || typeof now !== 'object' || had === null || now === null)
    return `${path}: ${JSON.stringify(had)} is ${JSON.stringify(now)}\n`
  const names = new Set([...Object.keys(had), ...Object.keys(now)])
  const of = (value: object, name: string) => (value as Readonly<Record<string, unknown>>)[name]
  return [...names].map(name => differenceOf(of(had, name), of(now, name), `${path}.${name}`)).join('')
}

/** How the store differs from the answers of the HTTP API. */
async function differences(user: SyncUser, store: ChatStore): Promise<string[]> {
  const found: string[] = []
  const all = await user.http.request<Conversation[]>('GET', '/api/v1/conversations/')
  const check = (what: string, had: unknown, now: unknown) => {
    if (JSON.stringify(had) !== JSON.stringify(now))
      found.push(`${what}: ${JSON.stringify(had)} is ${JSON.stringify(now)}`)
  }
  check('conversations', [...store.conversations.keys()].sort(), all.map(({ id }) => id).sort())
  for (const conversation of all) {
    const { id, unread_count, read_seq, title, role, member_count, receipts, last_message } = conversation
    const talk = store.conversations.get(id)
    if (talk === undefined) continue
    const { facts, messages } = talk
    check(
      'facts',
      [facts.unread_count, facts.read_seq, facts.title, facts.role, facts.member_count],
      [unread_count, read_seq, title, role, member_count]
    )
    check(
      'receipts',
      [...talk.receipts].map(([user_id, marks]) => ({ user_id, ...marks })),
      receipts
    )
    check('last message', talk.last?.id, last_message?.id)
    if (talk.members === null) continue
    const url = `/api/v1/conversations/${id}/`
    const mine = (list: readonly Message[]) => list.filter(({ sender }) => sender === user.id && member_count === 2)
    const told = await user.http.request<Message[]>('GET', `${url}messages/`)
    const pins = await user.http.request<Message[]>('GET', `${url}pins/`)
    const own = mine(told).map(({ seq }) => messages.get(seq))
    check(
      'texts',
      [...messages.values()].map(({ content }) => content),
      told.map(({ content }) => content)
    )
    check(
      'reactions',
      [...messages.values()].map(each => each.reactions),
      told.map(each => each.reactions)
    )
    check(
      'pins',
      [...messages.values()]
        .filter(each => each.pinned_at !== null)
        .map(each => each.id)
        .sort(),
      pins.map(each => each.id).sort()
    )
    if (!conversation.is_group)
      check(
        'status',
        own.map(each => each && statusOf(talk, each, user.id as UserId)),
        mine(told).map(({ status }) => status)
      )
  }
  return found
}

const scripts = fc.array(steps, { minLength: 30, maxLength: 30, size: 'max' })
const actions = fc.array(fc.constantFrom(...frameActions, 'pass' as const, 'pass' as const), {
  minLength: 1,
  maxLength: 20
})

t.test(
  `old state, a lossy stream of events and sync give the same state as a new client has (SYNC_SEED=${SEED})`,
  { timeout: 300_000 },
  async t => {
    let runs = 0
    const property = fc.asyncProperty(scripts, actions, async (script, link) => {
      const played = await play(script, link)
      const { had, now } = await compare(played)
      const unequal = differenceOf(had, now)
      if (unequal !== '') throw new Error(unequal)
      const wrong = runs++ % COMPARED_EVERY === 0 ? await differences(played.setting.users.ann, played.store) : []
      if (wrong.length > 0) throw new Error(wrong.join('\n'))
    })
    const result = await fc.check(property, { seed: SEED, numRuns: RUNS, endOnFailure: true })
    t.notOk(result.failed, `path ${result.counterexamplePath}: ${result.errorInstance}`)
  }
)
