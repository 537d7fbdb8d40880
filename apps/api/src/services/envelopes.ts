import { type Delivery, type Header, roomTopic, type Topic, userTopic } from '@rendezvous/cluster'
import { conversationStream, type Event, type Seq, type UserId } from '@rendezvous/contract'
import type { Change } from '../ports/changes.ts'
import type { Advanced, Covered } from '../ports/receipts.ts'
import { changeEvent, presenceEvent, receiptEvent } from './events.ts'

/** Changes in one envelope, so that the longest texts stay far below an envelope's bound. */
const FRAMES = 100

/** What tells `changes` to everybody concerned: one envelope for each run of consecutive values of one conversation, whoever made the
 *  first of them first among its topics. */
export function changeDeliveries(changes: readonly Change[]): Delivery[] {
  return runs(changes).map(run => ({
    topics: topicsOf(run[0]),
    envelope: { header: header(run), frames: run.map(frame) }
  }))
}

/** What tells the senders how far their messages got, and a reader's own devices what he read. Delivered comes before read. */
export function receiptDeliveries(advanced: Advanced, at: Date): Delivery[] {
  const { delivered, read, userId } = advanced
  const told = (type: 'message_delivered' | 'message_read', covered: Covered) =>
    encode(receiptEvent(type, advanced, covered, at))
  const deliveries = [...bySender(delivered.messages)].map(([senderId, messages]) =>
    courtesy(advanced, messages, [userTopic(senderId)], covered => told('message_delivered', covered))
  )
  const reads = [...bySender(read.messages)].map(([senderId, messages]) =>
    courtesy(advanced, messages, [userTopic(senderId), userTopic(userId)], covered => told('message_read', covered))
  )
  return [...deliveries, ...reads]
}

/** What tells `audience` that somebody is online or not, not before they know the conversation at `after`. */
export function presenceDelivery(
  who: { readonly userId: UserId; readonly online: boolean; readonly lastSeen: Date | null },
  audience: readonly UserId[],
  at: Date,
  after?: { readonly stream: string; readonly seq: Seq }
): Delivery {
  return {
    topics: audience.map(userTopic),
    envelope: {
      header: after === undefined ? { kind: 'courtesy' } : { kind: 'courtesy', after },
      frames: [encode(presenceEvent(who.userId, who.online, who.lastSeen, at))]
    }
  }
}

type Run = readonly [Change, ...Change[]]

function runs(changes: readonly Change[]): Run[] {
  const open = new Map<number, [Change, ...Change[]]>()
  const found: [Change, ...Change[]][] = []
  for (const change of changes) {
    const run = open.get(change.conversationId)
    if (run !== undefined && run.length < FRAMES && run.at(-1)?.seq === change.seq - 1) run.push(change)
    else {
      const begun: [Change, ...Change[]] = [change]
      open.set(change.conversationId, begun)
      found.push(begun)
    }
  }
  return found
}

function topicsOf({ memberIds, conversationId }: Change): Topic[] {
  return memberIds === null ? [roomTopic(conversationId)] : memberIds.map(userTopic)
}

function header(run: Run): Header {
  const [{ conversationId, seq, memberIds }] = run
  return {
    kind: 'events',
    stream: conversationStream(conversationId),
    from: seq,
    to: run.at(-1)?.seq ?? seq,
    senders: run.map(change => (change.type === 'message_created' ? change.message.senderId : 0)),
    conversation: conversationId,
    ...(memberIds === null ? { members_seq: run.at(-1)?.membersSeq ?? seq } : {})
  }
}

function courtesy(
  { conversationId }: Advanced,
  messages: readonly Covered[],
  topics: Topic[],
  write: (covered: Covered) => string
): Delivery {
  const after = { stream: conversationStream(conversationId), seq: Math.max(...messages.map(({ seq }) => seq)) }
  return { topics, envelope: { header: { kind: 'courtesy', after }, frames: messages.map(write) } }
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

function frame(change: Change): string {
  return encode(changeEvent(change))
}

function encode(event: Event): string {
  return JSON.stringify(event)
}
