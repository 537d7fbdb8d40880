import { type ChatStore, chatStore, httpTransport, type StoreTransport, statusOf, type Talk } from '@rendezvous/client'
import type { Conversation, ConversationId, Message, UserId } from '@rendezvous/contract'
import fc from 'fast-check'
import t from 'tap'
import { type Fate, fates, openLine } from './line.ts'
import { Refused, type Someone, startSyncNode } from './node.ts'
import { carryOut, type Ground, type Step, steps } from './steps.ts'

const RUNS = Number(process.env.SYNC_RUNS ?? 120)
/** Of a sync, so that it takes several pages. */
const LIMIT = 4
/** Every so many runs the store is told apart from what each list says over HTTP, not only from another store. */
const LOOKED_AT = 5
/** How often the timers of a client that catches up go off at most. */
const ROUNDS = 50
const SEED = Number(process.env.SYNC_SEED ?? Date.now() % 1_000_000)
const node = await startSyncNode(t)
const [carl, dora] = [await node.join(), await node.join()]

/** Timers that go off when a test says so. */
function timers() {
  const armed = new Set<() => void>()
  return {
    after(_ms: number, run: () => void) {
      armed.add(run)
      return () => armed.delete(run)
    },
    /** Whether there were any. */
    fire(): boolean {
      const due = [...armed]
      armed.clear()
      for (const run of due) run()
      return due.length > 0
    }
  }
}

function storeOf(someone: Someone) {
  const clock = timers()
  const http = httpTransport(someone.http)
  const transport: StoreTransport = {
    ...http,
    sync: async request => http.sync({ ...request, limit: LIMIT })
  }
  const store = chatStore({
    userId: someone.id as UserId,
    transport,
    after: clock.after,
    onError(error) {
      if (!(error instanceof Refused)) throw error
    }
  })
  return { store, clock }
}

/** A group of all four, which Ann's client and she made, and the conversation of Ann with Bob. */
async function ground(): Promise<Ground> {
  const [ann, bob] = [await node.join(), await node.join()]
  const path = '/api/v1/conversations/'
  const participants = [bob.id, carl.id, dora.id]
  const group = await ann.http.request<Conversation>('POST', path, { participants, is_group: true, title: 'group' })
  const direct = await ann.http.request<Conversation>('POST', path, { participants: [bob.id] })
  return { cast: { ann, bob, carl, dora }, group: group.id, direct: direct.id, messages: new Map() }
}

/** What a store holds, without what another store may hold more or less of. */
function shown(talk: Talk | undefined, from: number) {
  if (talk === undefined) return null
  const { updated_at, ...facts } = talk.facts
  const messages = [...talk.messages.values()].filter(({ seq }) => seq >= from)
  const members = talk.members === null ? null : [...talk.members].sort(([a], [b]) => a - b)
  const receipts = [...talk.receipts].sort(([a], [b]) => a - b)
  return { facts, last: talk.last, receipts, messages, members, position: talk.position }
}

/** Runs the steps over a line as bad as `ways`, then lets the client catch up. */
async function live(script: readonly Step[], ways: readonly Fate[]) {
  const stage = await ground()
  const { ann } = stage.cast
  const { store, clock } = storeOf(ann)
  const line = openLine(node, ann, { fates: ways, receive: store.receive })
  const ids = [stage.group, stage.direct] as ConversationId[]
  const happen: Readonly<Record<Extract<Step, { kind: 'network' }>['what'], (place: number) => unknown>> = {
    lose: () => line.lose(),
    regain: () => line.regain(),
    flush: () => line.flush(),
    wait: () => store.settled(),
    timers: () => clock.fire(),
    close: place => store.close(ids[place % 2] as ConversationId),
    open: place => store.open(ids[place % 2] as ConversationId)
  }
  await line.regain()
  await store.settled()
  for (const id of ids) store.open(id)
  for (const step of script) {
    if (step.kind === 'command') await carryOut(stage, step)
    else await happen[step.what](step.place)
    await node.published()
  }
  line.lose()
  await line.regain()
  await quiet(store, clock)
  line.close()
  return { stage, store }
}

/** Lets the client ask until it waits for nothing. One that does not come to rest has been told something that is not so. */
async function quiet(store: ChatStore, clock: ReturnType<typeof timers>): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    await store.settled()
    if (!clock.fire()) return
  }
  throw new Error(`the client still waits: ${JSON.stringify([...store.talks.values()].map(({ facts }) => facts))}`)
}

/** What the client has, and what a client that comes now would have. */
async function compare({ stage, store }: Awaited<ReturnType<typeof live>>) {
  const { ann } = stage.cast
  const fresh = storeOf(ann)
  const line = openLine(node, ann, { fates: ['pass'], receive: fresh.store.receive })
  await line.regain()
  await quiet(fresh.store, fresh.clock)
  for (const [id, { members }] of store.talks) if (members !== null) fresh.store.open(id)
  await quiet(fresh.store, fresh.clock)
  line.close()
  const ids = [...new Set([...store.talks.keys(), ...fresh.store.talks.keys()])].sort()
  const from = (id: ConversationId) => Math.max(...[store, fresh.store].map(({ talks }) => talks.get(id)?.from ?? 0))
  const view = ({ talks }: ChatStore) => ids.map(id => shown(talks.get(id), from(id)))
  return { had: view(store), now: view(fresh.store) }
}

/** Where two views differ. */
function unlike(had: unknown, now: unknown, path = ''): string {
  if (JSON.stringify(had) === JSON.stringify(now)) return ''
  if (typeof had !== 'object' || typeof now !== 'object' || had === null || now === null)
    return `${path}: ${JSON.stringify(had)} is ${JSON.stringify(now)}\n`
  const names = new Set([...Object.keys(had), ...Object.keys(now)])
  const of = (value: object, name: string) => (value as Readonly<Record<string, unknown>>)[name]
  return [...names].map(name => unlike(of(had, name), of(now, name), `${path}.${name}`)).join('')
}

/** What the store says of itself, told apart from what the server answers over HTTP. */
async function differences(someone: Someone, store: ChatStore): Promise<string[]> {
  const found: string[] = []
  const all = await someone.http.request<Conversation[]>('GET', '/api/v1/conversations/')
  const check = (what: string, had: unknown, now: unknown) => {
    if (JSON.stringify(had) !== JSON.stringify(now))
      found.push(`${what}: ${JSON.stringify(had)} is ${JSON.stringify(now)}`)
  }
  check('conversations', [...store.talks.keys()].sort(), all.map(({ id }) => id).sort())
  for (const conversation of all) {
    const { id, unread_count, read_seq, title, role, member_count, receipts, last_message } = conversation
    const talk = store.talks.get(id)
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
    const mine = (list: readonly Message[]) => list.filter(({ sender }) => sender === someone.id && member_count === 2)
    const told = await someone.http.request<Message[]>('GET', `${url}messages/`)
    const pins = await someone.http.request<Message[]>('GET', `${url}pins/`)
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
        own.map(each => each && statusOf(talk, each, someone.id as UserId)),
        mine(told).map(({ status }) => status)
      )
  }
  return found
}

const scripts = fc.array(steps, { minLength: 30, maxLength: 30, size: 'max' })
const ways = fc.array(fc.constantFrom(...fates, 'pass' as const, 'pass' as const), { minLength: 1, maxLength: 20 })

t.test(
  `old state, whatever came of the events, and sync are fresh state (SYNC_SEED=${SEED})`,
  { timeout: 300_000 },
  async t => {
    let runs = 0
    const property = fc.asyncProperty(scripts, ways, async (script, line) => {
      const lived = await live(script, line)
      const { had, now } = await compare(lived)
      const unequal = unlike(had, now)
      if (unequal !== '') throw new Error(unequal)
      const wrong = runs++ % LOOKED_AT === 0 ? await differences(lived.stage.cast.ann, lived.store) : []
      if (wrong.length > 0) throw new Error(wrong.join('\n'))
    })
    const result = await fc.check(property, { seed: SEED, numRuns: RUNS, endOnFailure: true })
    t.notOk(result.failed, `path ${result.counterexamplePath}: ${result.errorInstance}`)
  }
)
