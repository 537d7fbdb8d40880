import {
  type Conversation,
  type ConversationId,
  conversationStream,
  type Event,
  limits,
  type Seq,
  type UserId
} from '@rendezvous/contract'
import { type Applied, arrive, receive } from './apply.ts'
import { takeConversation, takeRange } from './take.ts'
import { closedTalk, conversationOf, EARLY_EVENTS, freshTalk, openTalk, type Sequenced, type Talk } from './talk.ts'
import type { StoreTransport } from './transport.ts'

/** How long an early event waits for its predecessors before they are asked for. docs/protocol.md, Order. */
const HOLD_MS = 500
/** How long a request that failed waits to be repeated, unless `ready` comes first. */
const RETRY_MS = 2_000

/** What a store stands on. */
export interface StoreOptions {
  readonly userId: UserId
  readonly transport: StoreTransport
  /** Calls `run` once, in `ms`; what it answers calls that off. */
  readonly after: (ms: number, run: () => void) => () => void
  /** Told that a conversation is another now, or is no more. */
  readonly onChange?: (id: ConversationId) => void
  /** Told of a request that failed. It is repeated. */
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
  const timers = new Map<ConversationId | 'retry', () => void>()
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
    const isCalm = talk === undefined || !isWaiting(talk)
    if (isCalm) callOff(id)
    if (isCalm || timers.has(id)) return
    const spread = talk.stale ? talk.facts.member_count : 0
    arm(id, HOLD_MS + spread, () => {
      behind.add(id)
      run()
    })
  }

  function arm(name: ConversationId | 'retry', ms: number, then: () => void): void {
    const cancel = after(ms, () => {
      timers.delete(name)
      then()
    })
    timers.set(name, cancel)
  }

  function callOff(name: ConversationId | 'retry'): void {
    timers.get(name)?.()
    timers.delete(name)
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
    if (running !== null || stopped) return
    callOff('retry')
    running = Promise.resolve().then(work)
  }

  async function work(): Promise<void> {
    try {
      while (wantsAll || anew.size > 0 || behind.size > 0) {
        if (wantsAll) await catchUp()
        for (const [id, isOpen] of [...anew]) await readAnew(id, isOpen)
        if (behind.size > 0) await askRanges()
      }
    } catch (error) {
      onError(error)
      if (!stopped) arm('retry', RETRY_MS, run)
    } finally {
      running = null
      goneAt.clear()
    }
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
    for (const [id, talk] of talks) if (talk.position < talk.facts.last_seq || isWaiting(talk)) behind.add(id)
  }

  async function readChanged(): Promise<void> {
    const before = new Set(talks.keys())
    let at = since
    let isWhole = since === null
    for (let more = true; more; ) {
      const answer = await transport.sync({ since: at })
      if (answer.restart) isWhole = true
      for (const conversation of answer.conversations) adopt(conversation)
      for (const { id } of answer.conversations) before.delete(id)
      for (const id of answer.left) if (talks.has(id)) put(id, 'gone')
      at = answer.next
      more = answer.more
      if (!isWhole) since = at
    }
    if (isWhole) for (const id of before) put(id, 'gone')
    since = at
  }

  /** Events wait meanwhile: what is read after the conversation is as new as it or newer. */
  async function readAnew(id: ConversationId, isOpen: boolean): Promise<void> {
    const heard = limbo.get(id)?.length ?? 0
    const talk = await read(id, isOpen).catch(orGone)
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
  }

  async function read(id: ConversationId, isOpen: boolean): Promise<Talk> {
    const talk = freshTalk(await transport.conversation(id))
    if (!isOpen) return talk
    const [messages, members] = await Promise.all([transport.messages(id), transport.members(id)])
    return openTalk(talk, { messages, members, whole: messages.length < limits.pageSize }, me)
  }

  async function askRanges(): Promise<void> {
    const asked = [...behind].flatMap(id => talks.get(id) ?? []).slice(0, limits.syncRanges)
    if (asked.length === 0) return behind.clear()
    const ranges = asked.map(({ facts, position }) => ({ stream: conversationStream(facts.id), after: position }))
    for (const { facts } of asked) behind.delete(facts.id)
    try {
      const answer = await transport.sync({ ranges })
      for (const range of answer.ranges) {
        const id = conversationOf(range.stream)
        const talk = id === null ? undefined : talks.get(id)
        if (id === null || talk === undefined) continue
        put(id, takeRange(talk, range, me))
        if (range.more) behind.add(id)
      }
    } catch (error) {
      const isBeyond = codeOf(error) === 'bad_position'
      for (const { facts } of asked) {
        if (isBeyond) put(facts.id, 'anew')
        else behind.add(facts.id)
      }
      if (!isBeyond) throw error
    }
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
        else if (id !== null) behind.add(id)
      }
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
      timers.clear()
    }
  }
}

function isWaiting({ early, stale }: Talk): boolean {
  return early.size > 0 || stale
}

/** What is not (any more) this person's is no failure. */
function orGone(error: unknown): null {
  if (codeOf(error) !== 'not_found') throw error
  return null
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
