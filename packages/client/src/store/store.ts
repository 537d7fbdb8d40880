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
import { type Applied, arrive, receive } from './apply.ts'
import { beyondEnd, codeOf, InVain, pagesSince, readTalk } from './reading.ts'
import { setbacksOf } from './setbacks.ts'
import { takeConversation, takeRange } from './take.ts'
import { closedTalk, conversationOf, EARLY_EVENTS, freshTalk, type Sequenced, type Talk } from './talk.ts'
import type { StoreTransport } from './transport.ts'

/** How long an early event waits for its predecessors before they are asked for. docs/protocol.md, Order. */
const HOLD_MS = 500

/** What a store stands on. */
export interface StoreOptions {
  readonly userId: UserId
  readonly transport: StoreTransport
  /** Calls `run` once, in `ms`; what it answers calls that off. */
  readonly after: (ms: number, run: () => void) => () => void
  /** Told that a conversation is another now, or is no more. */
  readonly onChange?: (id: ConversationId) => void
  /** Told of a request that failed or was answered in vain. It is repeated, later each time, or when `ready` comes. */
  readonly onError?: (error: unknown) => void
}

/**
 * The conversations of one person, kept as the server has them: by the frames of his socket, and by asking for what they do not tell. It
 * does not matter which frames are lost, doubled or out of order, as long as `ready` comes after each loss of the socket.
 */
export interface ChatStore {
  /** By id, in no order. */
  readonly talks: ReadonlyMap<ConversationId, Talk>
  /** A frame of the socket; those that tell of no conversation are ignored. On `ready`, and on `resync`, the store catches up. */
  receive(event: Event): void
  /** Reads the newest messages and the members of a conversation as soon as the server can be reached, and keeps them from then on. */
  open(id: ConversationId): void
  /** Lets go of a conversation's messages and members. */
  close(id: ConversationId): void
  /** Resolves when nothing is being asked for. What waits for a timer is not waited for. */
  settled(): Promise<void>
  /** Calls off all timers. */
  stop(): void
}

/** A store that knows nothing yet: the first `ready` fills it. Long because it is the state of one store. */
export function chatStore(options: StoreOptions): ChatStore {
  const { userId: me, transport, after, onChange = () => {}, onError = () => {} } = options
  const talks = new Map<ConversationId, Talk>()
  /** Events of conversations that are unknown or being read anew. */
  const limbo = new Map<ConversationId, Sequenced[]>()
  /** To be read as a whole; and whether to open them then. */
  const anew = new Map<ConversationId, boolean>()
  /** To be asked for what follows their position. */
  const behind = new Set<ConversationId>()
  /** At which value a conversation was left while something was being asked for: an older answer does not bring it back. */
  const goneAt = new Map<ConversationId, Seq>()
  /** Of a conversation, of the reading of `all`, and of the `server`, which then cannot be reached. */
  const setbacks = setbacksOf<ConversationId | 'all' | 'server'>(after, run)
  const timers = new Map<ConversationId, () => void>()
  let since: string | null = null
  let wantsAll = false
  let running: Promise<void> | null = null
  let stopped = false

  function put(id: ConversationId, applied: Applied): void {
    const before = talks.get(id)
    if (applied === before) return
    if (typeof applied !== 'string') talks.set(id, applied)
    else {
      talks.delete(id)
      if (applied === 'anew') anew.set(id, before?.members !== null && before !== undefined)
    }
    watch(id)
    onChange(id)
  }

  /** What is early, and what is not told whole, is asked for unless it is settled in time. Members of large rooms do not ask all at once. */
  function watch(id: ConversationId): void {
    const talk = talks.get(id)
    if (talk === undefined || !isWaiting(talk)) {
      timers.get(id)?.()
      timers.delete(id)
      return
    }
    if (timers.has(id) || behind.has(id)) return
    const spread = talk.stale ? talk.facts.member_count : 0
    const cancel = after(HOLD_MS + spread, () => {
      timers.delete(id)
      behind.add(id)
      run()
    })
    timers.set(id, cancel)
  }

  function sequenced(id: ConversationId, event: Sequenced): void {
    const talk = talks.get(id)
    if (talk !== undefined && !anew.has(id)) {
      const applied = arrive(talk, event, me)
      if (applied === 'gone' && running !== null) goneAt.set(id, Math.max(event.seq, ...talk.early.keys()) as Seq)
      put(id, applied)
      if (applied !== 'anew') return
    }
    const waiting = limbo.get(id) ?? []
    if (waiting.length < EARLY_EVENTS) limbo.set(id, [...waiting, event])
    if (!anew.has(id)) anew.set(id, false)
    run()
  }

  /** A conversation as the server has it now, unless it is older than one's leaving, or about to be read anew. */
  function adopt(conversation: Conversation): void {
    const { id, last_seq } = conversation
    if (anew.has(id) || last_seq < (goneAt.get(id) ?? 0)) return
    const known = talks.get(id)
    put(id, known === undefined ? freshTalk(conversation) : takeConversation(known, conversation, me))
  }

  function run(): void {
    if (running === null) running = Promise.resolve().then(work)
  }

  /** Asks until nothing is left but what rests. */
  async function work(): Promise<void> {
    try {
      while ((wantsAll && isAwake('all')) || [...anew.keys(), ...behind].some(isAwake)) {
        if (wantsAll) await attempt('all', catchUp)
        for (const id of [...anew.keys()]) await attempt(id, () => readAnew(id))
        await askRanges([...behind].filter(isAwake))
      }
    } finally {
      running = null
      goneAt.clear()
    }
  }

  function isAwake(about: ConversationId | 'all'): boolean {
    return !stopped && !setbacks.isResting('server') && !setbacks.isResting(about)
  }

  async function attempt(about: ConversationId | 'all', ask: () => Promise<void>): Promise<void> {
    if (!isAwake(about)) return
    try {
      await ask()
      setbacks.over('server')
      setbacks.over(about)
    } catch (error) {
      setBack(error, [about])
    }
  }

  /** What the server refuses rests alone; while it cannot be reached, everything does. */
  function setBack(error: unknown, about: readonly (ConversationId | 'all')[]): void {
    onError(error)
    if (codeOf(error) === undefined) setbacks.rest('server')
    else for (const each of about) setbacks.rest(each)
  }

  /** All conversations that changed; then the streams of those that the store had opened. */
  async function catchUp(): Promise<void> {
    wantsAll = false
    try {
      await readChanged()
    } catch (error) {
      wantsAll = true
      throw error
    }
    for (const [id, talk] of talks) if (isBehind(talk)) behind.add(id)
  }

  async function readChanged(): Promise<void> {
    const before = new Set(talks.keys())
    let at = since
    let isWhole = since === null
    for await (const { conversations, left, next, restart } of pagesSince(transport, since)) {
      if (restart) isWhole = true
      for (const conversation of conversations) adopt(conversation)
      for (const { id } of conversations) before.delete(id)
      for (const id of left) if (talks.has(id)) put(id, 'gone')
      at = next
      if (!isWhole) since = at
    }
    if (isWhole) for (const id of before) put(id, 'gone')
    since = at
  }

  /** Events wait meanwhile: what is read after the conversation is as new as it or newer. It goes to the end first: were it to fail, the
   *  others would have their turn before it. */
  async function readAnew(id: ConversationId): Promise<void> {
    const isOpen = anew.get(id) === true
    anew.delete(id)
    anew.set(id, isOpen)
    const heard = limbo.get(id)?.length ?? 0
    const talk = await readTalk(transport, { id, isOpen, me })
    const waiting = limbo.get(id) ?? []
    limbo.delete(id)
    if (talk === null) {
      put(id, 'gone')
      if (waiting.length > heard) limbo.set(id, waiting.slice(heard))
      else anew.delete(id)
      return
    }
    const early = talks.get(id)?.early.values() ?? []
    if (anew.get(id) === isOpen) anew.delete(id) // else it was opened or closed meanwhile
    put(id, talk)
    if (waiting.length >= EARLY_EVENTS) behind.add(id) // others came that were not kept
    for (const event of [...early, ...waiting]) sequenced(id, event)
    const isOld = waiting.slice(0, heard).some(({ seq }) => seq > talk.position)
    if (isOld && anew.has(id)) throw new InVain('read anew, and older than an event')
  }

  async function askRanges(ids: readonly ConversationId[]): Promise<void> {
    for (const id of ids) if (!talks.has(id)) behind.delete(id)
    const asked = ids.flatMap(id => talks.get(id) ?? []).slice(0, limits.syncRanges)
    if (asked.length === 0) return
    for (const { facts } of asked) behind.delete(facts.id)
    const ranges = asked.map(({ facts, position }) => ({ stream: conversationStream(facts.id), after: position }))
    try {
      takeRanges(asked, (await transport.sync({ ranges })).ranges)
      setbacks.over('server')
    } catch (error) {
      const about = asked.map(({ facts }) => facts.id)
      const beyond = beyondEnd(error, about)
      if (beyond === null) setBack(error, about)
      for (const id of about) beyond?.has(id) ? put(id, 'anew') : behind.add(id)
    }
  }

  /** What stands where it stood though something is missing had no room in the answer, and is asked for again. When nothing moved, it rests. */
  function takeRanges(asked: readonly Talk[], ranges: readonly SyncRange[]): void {
    const told = new Map(ranges.map(range => [range.stream, range]))
    const unmoved = asked.flatMap(before => {
      const { id } = before.facts
      const [talk, range] = [talks.get(id), told.get(conversationStream(id))]
      if (talk === undefined) return []
      const applied = range === undefined ? talk : takeRange(talk, range, me)
      const isOut = typeof applied === 'string'
      const isUnmoved =
        !isOut &&
        applied.position <= before.position &&
        (range?.more !== false || (isBehind(before) && isBehind(applied)))
      if (isUnmoved || (!isOut && range?.more)) behind.add(id)
      if (!isUnmoved) setbacks.over(id)
      put(id, applied)
      return isUnmoved ? [id] : []
    })
    if (unmoved.length === asked.length) setBack(new InVain('nothing of what is missing is told'), unmoved)
  }

  return {
    talks,
    open(id) {
      anew.set(id, true)
      run()
    },
    close(id) {
      const talk = talks.get(id)
      if (anew.has(id)) anew.set(id, false)
      if (talk !== undefined) put(id, closedTalk(talk))
    },
    receive(event) {
      if (event.type === 'ready') wantsAll = true
      if (event.type === 'resync') {
        const id = event.stream === null ? null : conversationOf(event.stream)
        if (event.stream === null) wantsAll = true
        else if (id !== null && (talks.has(id) || anew.has(id))) behind.add(id)
        else if (id !== null) anew.set(id, false)
      }
      if (event.type === 'ready') setbacks.wake()
      if (event.type === 'ready' || event.type === 'resync') return run()
      if (event.type === 'message_delivered' || event.type === 'message_read') {
        const talk = talks.get(event.conversation_id)
        if (talk !== undefined) put(event.conversation_id, receive(talk, event, me))
      } else if ('stream' in event && 'conversation_id' in event) sequenced(event.conversation_id, event)
    },
    async settled() {
      while (running !== null) await running
    },
    stop() {
      stopped = true
      for (const cancel of timers.values()) cancel()
      setbacks.wake()
      timers.clear()
    }
  }
}

function isBehind(talk: Talk): boolean {
  return talk.position < talk.facts.last_seq || isWaiting(talk)
}

function isWaiting({ early, stale }: Talk): boolean {
  return early.size > 0 || stale
}
