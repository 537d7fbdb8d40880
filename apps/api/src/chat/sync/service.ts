import {
  badPosition,
  type ConversationId,
  conversationStream,
  invalid,
  limits,
  type Seq,
  type SyncAnswer,
  type SyncRange,
  type SyncRequest,
  type UserId,
  userStream
} from '@rendezvous/contract'
import { personalEvent } from '../../announce/personal/deliveries.ts'
import type { PersonalStretch } from '../../announce/personal/port.ts'
import type { PresenceService } from '../../people/presence/service.ts'
import { takingTurns } from '../gather.ts'
import { conversationView, memberView, messageView } from '../messages/view.ts'
import type { ChangedConversations, RangeState, Sync, SyncQuestion } from './port.ts'
import { readSince, writeSince } from './since.ts'

/** The ports of the sync service. */
export interface SyncServiceOptions {
  readonly sync: Pick<Sync, 'read'>
  readonly presence: Pick<PresenceService, 'online'>
}

/** Events of a personal stream in one answer. With at most 4 KiB each, all of them fit. */
const PERSONAL_PAGE = 50

/** Snapshots on this node at a time. Each holds a connection over several reads, and the clients of a restarted gateway
 *  all sync at the same time. The other connections stay free for sends and reads. */
const UNDER_WAY = 3

/** Answers what changed while a client was away. */
export type SyncService = ReturnType<typeof syncService>

type Online = ReadonlySet<UserId>
type Asked = NonNullable<SyncRequest['ranges']>[number]

/** The service over the port `sync`. */
export function syncService({ sync, presence }: SyncServiceOptions) {
  const turn = takingTurns(UNDER_WAY)

  return {
    /** Conversations that changed after `since`, and changes of each stream of `ranges`.
     *  @throws invalid for a stream that is named twice; invalid_since; bad_position. */
    async read(callerId: UserId, { since, ranges, limit = limits.syncEntries }: SyncRequest): Promise<SyncAnswer> {
      const asked = ranges ?? []
      if (new Set(asked.map(({ stream }) => stream)).size < asked.length)
        throw invalid({ ranges: ['Name each stream only once.'] })
      const conversations = asked.flatMap(({ stream, after }) => {
        const conversationId = conversationOf(stream)
        return conversationId === null ? [] : [{ conversationId, after }]
      })
      const personal = asked.find(({ stream }) => stream === userStream(callerId))
      const question: SyncQuestion = {
        userId: callerId,
        since: sinceOf(callerId, since, ranges !== undefined),
        ranges: conversations,
        ...(personal && { personal: { after: personal.after, limit: Math.min(limit, PERSONAL_PAGE) } }),
        limit
      }
      const state = await turn(() => sync.read(question))
      const above = state.status === 'above' ? state.conversationIds.map(conversationStream) : []
      if (personal && state.personal && personal.after > state.personal.head) above.push(personal.stream)
      if (state.status === 'above' || above.length > 0) throw badPosition(above)

      const online = await presence.online(peopleIn(state.changed, state.ranges))
      const found = new Map(conversations.map(({ conversationId }, index) => [conversationId, state.ranges[index]]))
      const answers = asked.map(range => {
        if (range === personal && state.personal !== null) return personalRange(range, state.personal)
        const id = conversationOf(range.stream)
        return rangeView(range, (id === null ? undefined : found.get(id)) ?? { status: 'gone' }, online)
      })
      return { ...changedView(callerId, state.changed, online), ranges: fitRanges(asked, answers) }
    }
  }
}

/** Undefined (no conversations) when the request has ranges alone. */
function sinceOf(callerId: UserId, since: SyncRequest['since'], hasRanges: boolean) {
  if (since === undefined) return hasRanges ? undefined : null
  return since === null ? null : readSince(callerId, since)
}

/** The conversation of the stream; null for a personal stream and for an invalid id. */
function conversationOf(stream: string): ConversationId | null {
  const [kind, digits] = stream.split(':')
  const id = Number(digits)
  return kind === 'conversation' && Number.isSafeInteger(id) ? (id as ConversationId) : null
}

function peopleIn(changed: ChangedConversations | null, ranges: readonly RangeState[]): UserId[] {
  const shown = ranges.filter(range => range.status === 'ok')
  const conversations = [
    ...(changed?.entries ?? []).map(({ conversation }) => conversation),
    ...shown.map(({ conversation }) => conversation)
  ]
  const people = [
    ...conversations.flatMap(conversation => conversation?.participants ?? []),
    ...shown.flatMap(({ members }) => members.map(({ person }) => person))
  ]
  return people.filter(({ hidden }) => !hidden).map(({ id }) => id)
}

function changedView(
  callerId: UserId,
  changed: ChangedConversations | null,
  online: Online
): Omit<SyncAnswer, 'ranges'> {
  if (changed === null) return { next: null, more: false, restart: false, conversations: [], left: [] }

  const entries = changed.entries.map(({ conversation, ...entry }) => ({
    ...entry,
    view: conversation === null ? null : conversationView(conversation, online)
  }))
  const shown = entries.slice(0, fitting(entries.map(({ view }) => sizeOf(view))))
  const more = changed.more || shown.length < entries.length
  const last = shown.at(-1)
  const { scan, ...ended } = changed.next
  const next =
    more && last !== undefined ? { ...ended, scan: { ...scan, changedAt: last.changedAt, id: last.id } } : ended
  return {
    next: writeSince(callerId, next),
    more,
    restart: changed.restart,
    conversations: shown.flatMap(({ view }) => view ?? []),
    left: shown.filter(({ view }) => view === null).map(({ id }) => id)
  }
}

/** The events of the caller's personal stream. `restart` when events after the caller's position are no longer kept.
 *  Position 0 gets all that are kept. */
function personalRange({ stream, after }: Asked, { events, head, floor }: PersonalStretch): SyncRange {
  if (after > 0 && after < floor) return { ...nothing(stream), status: 'restart', position: after }

  const position = events.at(-1)?.seq ?? head
  const answer = { status: 'ok' as const, position, head, more: position < head, events: events.map(personalEvent) }
  return { ...nothing(stream), ...answer }
}

function rangeView({ stream, after }: Asked, range: RangeState, online: Online): SyncRange {
  if (range.status !== 'ok') return { ...nothing(stream), status: range.status, position: after }
  const { position, head, conversation } = range
  return {
    stream,
    status: 'ok',
    position,
    head,
    more: position < head || conversation === null,
    messages: range.messages.map(messageView),
    deleted: range.deleted.map(({ id, seq, changedSeq }) => ({ id, seq, changed_seq: changedSeq })),
    members: range.members.map(member => memberView(member, online)),
    left: [...range.left],
    events: [],
    conversation: conversation === null ? null : conversationView(conversation, online)
  }
}

/** Defers the ranges that no longer fit to the next sync, at their old positions. */
function fitRanges(asked: readonly Asked[], ranges: readonly SyncRange[]): SyncRange[] {
  const count = fitting(ranges.map(sizeOf))
  return ranges.map((range, index) => {
    const from = asked[index]
    if (index < count || range.status !== 'ok' || from === undefined) return range
    return { ...nothing(range.stream), status: 'ok', position: from.after, head: range.head, more: true }
  })
}

function nothing(stream: string): SyncRange {
  const none = 0 as Seq
  return {
    ...{ stream, status: 'gone', position: none, head: none, more: false },
    ...{ messages: [], deleted: [], members: [], left: [], events: [], conversation: null }
  }
}

/** How many of the first `sizes`, in bytes, fit into an answer; at least one. */
function fitting(sizes: readonly number[]): number {
  let bytes = 0
  const end = sizes.findIndex((size, index) => {
    bytes += size
    return bytes > limits.syncBytes && index > 0
  })
  return end === -1 ? sizes.length : end
}

function sizeOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value))
}
