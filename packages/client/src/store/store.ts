import {
  type Conversation,
  type ConversationId,
  conversationStream,
  type Event,
  limits,
  type Seq,
  type SyncRange,
  type UserId
} from '@rendezvous/contract'
import { type Applied, applyEvent, applyReceipt } from './apply.ts'
import { backoffOf } from './backoff.ts'
import { aboveHead, codeOf, fetchState, NoProgress, pagesSince } from './fetch.ts'
import { mergeConversation, mergeRange } from './merge.ts'
import { type ConversationState, closedState, conversationOf, EARLY_EVENTS, newState, type Sequenced } from './state.ts'
import type { StoreTransport } from './transport.ts'

/** How long an early event waits before its predecessors are fetched. docs/protocol.md, Order. */
const HOLD_MS = 500

/** The user of a store, and what the store needs of its environment. */
export interface StoreOptions {
  readonly userId: UserId
  readonly transport: StoreTransport
  /** Calls `run` once after `ms`. The function it returns cancels that. */
  readonly after: (ms: number, run: () => void) => () => void
  /** Called after a conversation changed or was removed. */
  readonly onChange?: (id: ConversationId) => void
  /** Called when a request failed or made no progress. It is repeated with backoff, or at the next `ready`. */
  readonly onError?: (error: unknown) => void
}

/**
 * A copy of one user's conversations on the server, kept current by socket frames and by requests for what is missing.
 * It ends up right even if frames are lost, repeated or reordered, as long as a `ready` follows each new connection.
 */
export interface ChatStore {
  /** By id, in no particular order. */
  readonly conversations: ReadonlyMap<ConversationId, ConversationState>
  /** Applies a frame of the socket. On `ready` and `resync` the store fetches what it missed. */
  receive(event: Event): void
  /** Fetches the newest messages and the members of a conversation, with retries, and keeps them current. */
  open(id: ConversationId): void
  /** Drops the messages and members of a conversation. */
  close(id: ConversationId): void
  /** Resolves when no request is running. It does not wait for timers. */
  settled(): Promise<void>
  /** Cancels all timers and sends no further requests. */
  stop(): void
}

/** An empty store, filled at the first `ready`. Long because it is the state of one store. */
export function chatStore(options: StoreOptions): ChatStore {
  const { userId: me, transport, after, onChange = () => {}, onError = () => {} } = options
  const states = new Map<ConversationId, ConversationState>()
  /** Events of conversations that are in `toFetch`. */
  const pendingEvents = new Map<ConversationId, Sequenced[]>()
  /** Conversations to fetch as a whole, and whether with messages and members. */
  const toFetch = new Map<ConversationId, boolean>()
  /** Conversations whose changes after `position` must be fetched. */
  const behind = new Set<ConversationId>()
  /** The seq at which the user left a conversation while a request was running. Older answers do not add it again. */
  const leftAt = new Map<ConversationId, Seq>()
  /** By conversation; `all` for the sync over all of them; `server` while it cannot be reached. */
  const backoff = backoffOf<ConversationId | 'all' | 'server'>(after, run)
  const timers = new Map<ConversationId, () => void>()
  let since: string | null = null
  let needsSync = false
  let running: Promise<void> | null = null
  let stopped = false

  function put(id: ConversationId, applied: Applied): void {
    const before = states.get(id)
    if (applied === before) return
    if (typeof applied !== 'string') states.set(id, applied)
    else {
      states.delete(id)
      if (applied === 'refetch') toFetch.set(id, before?.members !== null && before !== undefined)
    }
    schedule(id)
    onChange(id)
  }

  /** Fetches the conversation unless its gap is filled in time. Members of a large group do not fetch all at once. */
  function schedule(id: ConversationId): void {
    const state = states.get(id)
    if (state === undefined || !hasGap(state)) {
      timers.get(id)?.()
      timers.delete(id)
      return
    }
    if (timers.has(id) || behind.has(id)) return
    const spread = state.stale ? state.facts.member_count : 0
    const cancel = after(HOLD_MS + spread, () => {
      timers.delete(id)
      behind.add(id)
      run()
    })
    timers.set(id, cancel)
  }

  function sequenced(id: ConversationId, event: Sequenced): void {
    const state = states.get(id)
    if (state !== undefined && !toFetch.has(id)) {
      const applied = applyEvent(state, event, me)
      if (applied === 'gone' && running !== null) leftAt.set(id, Math.max(event.seq, ...state.early.keys()) as Seq)
      put(id, applied)
      if (applied !== 'refetch') return
    }
    const waiting = pendingEvents.get(id) ?? []
    if (waiting.length < EARLY_EVENTS) pendingEvents.set(id, [...waiting, event])
    if (!toFetch.has(id)) toFetch.set(id, false)
    run()
  }

  /** Adds or merges `conversation`, unless it is in `toFetch` or older than the user's leaving. */
  function merge(conversation: Conversation): void {
    const { id, last_seq } = conversation
    if (toFetch.has(id) || last_seq < (leftAt.get(id) ?? 0)) return
    const known = states.get(id)
    put(id, known === undefined ? newState(conversation) : mergeConversation(known, conversation, me))
  }

  function run(): void {
    if (running === null) running = Promise.resolve().then(work)
  }

  /** Sends requests until only those remain that wait for a backoff. */
  async function work(): Promise<void> {
    try {
      while ((needsSync && isReady('all')) || [...toFetch.keys(), ...behind].some(isReady)) {
        if (needsSync) await attempt('all', catchUp)
        for (const id of [...toFetch.keys()]) await attempt(id, () => refetch(id))
        await askRanges([...behind].filter(isReady))
      }
    } finally {
      running = null
      leftAt.clear()
    }
  }

  function isReady(key: ConversationId | 'all'): boolean {
    return !stopped && !backoff.isWaiting('server') && !backoff.isWaiting(key)
  }

  async function attempt(key: ConversationId | 'all', request: () => Promise<void>): Promise<void> {
    if (!isReady(key)) return
    try {
      await request()
      backoff.succeeded('server')
      backoff.succeeded(key)
    } catch (error) {
      backOff(error, [key])
    }
  }

  /** A refused request delays only its own keys. An unreachable server delays all requests. */
  function backOff(error: unknown, keys: readonly (ConversationId | 'all')[]): void {
    onError(error)
    if (codeOf(error) === undefined) backoff.failed('server')
    else for (const key of keys) backoff.failed(key)
  }

  /** Syncs all conversations, and then marks those whose changes must be fetched. */
  async function catchUp(): Promise<void> {
    needsSync = false
    try {
      await syncChanged()
    } catch (error) {
      needsSync = true
      throw error
    }
    for (const [id, state] of states) if (isBehind(state)) behind.add(id)
  }

  async function syncChanged(): Promise<void> {
    const before = new Set(states.keys())
    let at = since
    let isWhole = since === null
    for await (const { conversations, left, next, restart } of pagesSince(transport, since)) {
      if (restart) isWhole = true
      for (const conversation of conversations) merge(conversation)
      for (const { id } of conversations) before.delete(id)
      for (const id of left) if (states.has(id)) put(id, 'gone')
      at = next
      if (!isWhole) since = at
    }
    if (isWhole) for (const id of before) put(id, 'gone')
    since = at
  }

  /** Fetches a conversation while its events wait. It moves to the end of `toFetch`, so its failures delay no other. */
  async function refetch(id: ConversationId): Promise<void> {
    const isOpen = toFetch.get(id) === true
    toFetch.delete(id)
    toFetch.set(id, isOpen)
    const heard = pendingEvents.get(id)?.length ?? 0
    const state = await fetchState(transport, { id, isOpen, me })
    const waiting = pendingEvents.get(id) ?? []
    pendingEvents.delete(id)
    if (state === null) {
      put(id, 'gone')
      if (waiting.length > heard) pendingEvents.set(id, waiting.slice(heard))
      else toFetch.delete(id)
      return
    }
    const early = states.get(id)?.early.values() ?? []
    if (toFetch.get(id) === isOpen) toFetch.delete(id) // otherwise it was opened or closed during the request
    put(id, state)
    if (waiting.length >= EARLY_EVENTS) behind.add(id) // further events were dropped
    for (const event of [...early, ...waiting]) sequenced(id, event)
    const isOld = waiting.slice(0, heard).some(({ seq }) => seq > state.position)
    if (isOld && toFetch.has(id)) throw new NoProgress('the server answered with a conversation older than an event')
  }

  async function askRanges(ids: readonly ConversationId[]): Promise<void> {
    for (const id of ids) if (!states.has(id)) behind.delete(id)
    const asked = ids.flatMap(id => states.get(id) ?? []).slice(0, limits.syncRanges)
    if (asked.length === 0) return
    for (const { facts } of asked) behind.delete(facts.id)
    const ranges = asked.map(({ facts, position }) => ({ stream: conversationStream(facts.id), after: position }))
    try {
      mergeRanges(asked, (await transport.sync({ ranges })).ranges)
      backoff.succeeded('server')
    } catch (error) {
      const about = asked.map(({ facts }) => facts.id)
      const beyond = aboveHead(error, about)
      if (beyond === null) backOff(error, about)
      for (const id of about) beyond?.has(id) ? put(id, 'refetch') : behind.add(id)
    }
  }

  /** Requests a range again if it did not advance although changes are missing: it had no room in the answer. If no
   *  range advanced, they back off. */
  function mergeRanges(asked: readonly ConversationState[], ranges: readonly SyncRange[]): void {
    const answered = new Map(ranges.map(range => [range.stream, range]))
    const unmoved = asked.flatMap(before => {
      const { id } = before.facts
      const [state, range] = [states.get(id), answered.get(conversationStream(id))]
      if (state === undefined) return []
      const applied = range === undefined ? state : mergeRange(state, range, me)
      const isOut = typeof applied === 'string'
      const isUnmoved =
        !isOut &&
        applied.position <= before.position &&
        (range?.more !== false || (isBehind(before) && isBehind(applied)))
      if (isUnmoved || (!isOut && range?.more)) behind.add(id)
      if (!isUnmoved) backoff.succeeded(id)
      put(id, applied)
      return isUnmoved ? [id] : []
    })
    if (unmoved.length === asked.length)
      backOff(new NoProgress('sync answered without any of the missing changes'), unmoved)
  }

  return {
    conversations: states,
    open(id) {
      toFetch.set(id, true)
      run()
    },
    close(id) {
      const state = states.get(id)
      if (toFetch.has(id)) toFetch.set(id, false)
      if (state !== undefined) put(id, closedState(state))
    },
    receive(event) {
      if (event.type === 'ready') needsSync = true
      if (event.type === 'resync') {
        const id = event.stream === null ? null : conversationOf(event.stream)
        if (event.stream === null) needsSync = true
        else if (id !== null && (states.has(id) || toFetch.has(id))) behind.add(id)
        else if (id !== null) toFetch.set(id, false)
      }
      if (event.type === 'ready') backoff.retryAll()
      if (event.type === 'ready' || event.type === 'resync') return run()
      if (event.type === 'message_delivered' || event.type === 'message_read') {
        const state = states.get(event.conversation_id)
        if (state !== undefined) put(event.conversation_id, applyReceipt(state, event, me))
      } else if ('stream' in event && 'conversation_id' in event) sequenced(event.conversation_id, event)
    },
    async settled() {
      while (running !== null) await running
    },
    stop() {
      stopped = true
      for (const cancel of timers.values()) cancel()
      backoff.retryAll()
      timers.clear()
    }
  }
}

function isBehind(state: ConversationState): boolean {
  return state.position < state.facts.last_seq || hasGap(state)
}

function hasGap({ early, stale }: ConversationState): boolean {
  return early.size > 0 || stale
}
