import { type Delivery, type Header, roomTopic, type Topic, userTopic } from '@rendezvous/cluster'
import { conversationStream, type Event, type Seq, type UserId, userStream } from '@rendezvous/contract'
import type { Change } from '../ports/changes.ts'
import type { PersonalChange } from '../ports/personal.ts'
import type { Advanced, Covered } from '../ports/receipts.ts'
import { lastSeenShown, type Watchers } from '../ports/visibility.ts'
import { changeEvent, personalEvent, presenceEvent, receiptEvent, snapshotEvent } from './events.ts'

/** Changes in one envelope, so that the longest texts stay far below an envelope's bound. */
const FRAMES = 100

/** What tells `changes` to everybody concerned: one envelope for each run of consecutive values of one conversation, whoever made the
 *  first of them first among its topics. */
export function changeDeliveries(changes: readonly Change[]): Delivery[] {
  const mayFollow = (change: Change, first: Change) => !isOfMembers(change, first)
  return runs(changes, ({ conversationId }) => conversationId, mayFollow).map(run => ({
    topics: topicsOf(run[0]),
    envelope: { header: header(run), frames: run.map(change => encode(changeEvent(change))) }
  }))
}

/** What tells people what concerns them alone: to all devices of each, one envelope for each run of consecutive values. */
export function personalDeliveries(events: readonly PersonalChange[]): Delivery[] {
  return runs(events, ({ userId }) => userId).map(run => {
    const [{ userId, seq: from }] = run
    const header = { kind: 'events' as const, stream: userStream(userId), from, to: run.at(-1)?.seq ?? from }
    return { topics: [userTopic(userId)], envelope: { header, frames: run.map(each => encode(personalEvent(each))) } }
  })
}

/**
 * What tells how far messages got. In a direct conversation the sender learns it of each message, of reading the reader's own devices too;
 * in a group that tells at all, everybody learns of the newest. What is private, or not told, reaches the reader's own devices alone.
 * Delivered comes before read.
 */
export function receiptDeliveries(advanced: Advanced, at: Date): Delivery[] {
  if (advanced.peerId === null && advanced.told) return [...inGroup(advanced, at), ...ownReading(advanced, at)]
  return [...inDirect(advanced, at), ...ownReading(advanced, at)]
}

function inDirect(advanced: Advanced, at: Date): Delivery[] {
  const { delivered, read, userId } = advanced
  const deliveries = [...bySender(delivered.messages)].map(([senderId, messages]) =>
    courtesy(advanced, messages, [userTopic(senderId)], at, 'message_delivered')
  )
  const reads = [...bySender(read.messages)].map(([senderId, messages]) =>
    courtesy(advanced, messages, [userTopic(senderId), userTopic(userId)], at, 'message_read')
  )
  return [...deliveries, ...reads]
}

function inGroup(advanced: Advanced, at: Date): Delivery[] {
  const room = [roomTopic(advanced.conversationId)]
  const { delivered, read } = advanced
  return [
    ...(delivered.messages.length === 0 ? [] : [courtesy(advanced, delivered.messages, room, at, 'message_delivered')]),
    ...(read.messages.length === 0 ? [] : [courtesy(advanced, read.messages, room, at, 'message_read')])
  ]
}

/** A reading of his own that nothing else tells him of. */
function ownReading(advanced: Advanced, at: Date): Delivery[] {
  const { own, read, userId, conversationId } = advanced
  if (own.last === null || read.messages.length > 0) return []
  const after = { stream: conversationStream(conversationId), seq: own.last.seq }
  const frames = [encode(receiptEvent('message_read', advanced, own.last, at, true))]
  return [{ topics: [userTopic(userId)], envelope: { header: { kind: 'courtesy', after }, frames } }]
}

/** What tells `watchers` that somebody is online or not, each as much as he may see; not before they know the conversation at `after`. */
export function presenceDeliveries(
  who: { readonly userId: UserId; readonly online: boolean; readonly lastSeen: Date | null },
  watchers: Watchers,
  at: Date,
  after?: { readonly stream: string; readonly seq: Seq }
): Delivery[] {
  const header: Header = after === undefined ? { kind: 'courtesy' } : { kind: 'courtesy', after }
  return (['exact', 'coarse'] as const).flatMap(visibility => {
    const topics = watchers[visibility].map(userTopic)
    const event = presenceEvent(who.userId, who.online, lastSeenShown(who.lastSeen, visibility), at)
    return topics.length === 0 ? [] : [{ topics, envelope: { header, frames: [encode(event)] } }]
  })
}

/** What tells a person's own devices who is online of those whose presence he sees now. */
export function snapshotDelivery(userId: UserId, online: readonly UserId[], at: Date): Delivery {
  return {
    topics: [userTopic(userId)],
    envelope: { header: { kind: 'courtesy' }, frames: [encode(snapshotEvent(online, at))] }
  }
}

type Run<Entry> = readonly [Entry, ...Entry[]]

/** Entries of consecutive values of one stream, as they come; `mayFollow` says whether one may stand in a run that another began. */
function runs<Entry extends { readonly seq: Seq }>(
  entries: readonly Entry[],
  streamOf: (entry: Entry) => number,
  mayFollow: (entry: Entry, first: Entry) => boolean = () => true
): Run<Entry>[] {
  const open = new Map<number, [Entry, ...Entry[]]>()
  const found: [Entry, ...Entry[]][] = []
  for (const entry of entries) {
    const run = open.get(streamOf(entry))
    if (run !== undefined && run.length < FRAMES && run.at(-1)?.seq === entry.seq - 1 && mayFollow(entry, run[0]))
      run.push(entry)
    else {
      const begun: [Entry, ...Entry[]] = [entry]
      open.set(streamOf(entry), begun)
      found.push(begun)
    }
  }
  return found
}

/** A change of members stands alone, so that a gateway knows before which frame and after which one somebody belongs. */
function isOfMembers(...changes: readonly Change[]): boolean {
  return changes.some(change => change.memberIds === null && moved(change) !== null)
}

/** Whom the change brings in, or takes out. */
function moved(change: Change): { readonly joined?: UserId[]; readonly left?: UserId[] } | null {
  if (change.type === 'conversation_created' || change.type === 'member_joined') return { joined: [...change.userIds] }
  if (change.type === 'member_left') return { left: [...change.userIds] }
  return null
}

function topicsOf(change: Change): Topic[] {
  if (change.memberIds !== null) return change.memberIds.map(userTopic)
  const people = moved(change)
  return [roomTopic(change.conversationId), ...(people?.joined ?? people?.left ?? []).map(userTopic)]
}

function header(run: Run<Change>): Header {
  const [{ conversationId, seq, memberIds }] = run
  return {
    kind: 'events',
    stream: conversationStream(conversationId),
    from: seq,
    to: run.at(-1)?.seq ?? seq,
    senders: run.map(change => (change.type === 'message_created' ? change.message.senderId : 0)),
    conversation: conversationId,
    ...(memberIds === null ? { members_seq: run.at(-1)?.membersSeq ?? seq, ...moved(run[0]) } : {})
  }
}

function courtesy(
  advanced: Advanced,
  messages: readonly Covered[],
  topics: Topic[],
  at: Date,
  type: 'message_delivered' | 'message_read'
): Delivery {
  const { conversationId: conversation, membersSeq: members_seq, peerId } = advanced
  const after = { stream: conversationStream(conversation), seq: Math.max(...messages.map(({ seq }) => seq)) }
  const room = peerId === null ? { conversation, members_seq } : {}
  const frames = messages.map(covered => encode(receiptEvent(type, advanced, covered, at)))
  return { topics, envelope: { header: { kind: 'courtesy', after, ...room }, frames } }
}

function bySender(messages: readonly Covered[]): Map<UserId, Covered[]> {
  const found = new Map<UserId, Covered[]>()
  for (const covered of messages) {
    const known = found.get(covered.senderId)
    if (known === undefined) found.set(covered.senderId, [covered])
    else known.push(covered)
  }
  return found
}

function encode(event: Event): string {
  return JSON.stringify(event)
}
