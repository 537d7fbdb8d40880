import { type CourtesyHeader, type Delivery, roomTopic, type Topic, userTopic } from '@rendezvous/cluster'
import { conversationStream, EVENT_VERSION, type Event, type Seq, timestamp, type UserId } from '@rendezvous/contract'
import { frameOf } from '../../announce/runs.ts'
import type { Advanced, Covered, Reached } from './port.ts'

const OUR_DIALECT = 'rendezvous.v1'

/**
 * Deliveries that tell how watermarks moved: one envelope for each conversation, kind and audience.
 * - In a direct conversation the sender is told of each message. The reader's own devices are told of readings.
 * - In a group with receipts all members are told of the newest message.
 * - A private reading, any reading in a large group, and a reading of one's own messages alone go to the reader's own
 *   devices, and among these to `rendezvous.v1` sockets. Clients of the first backend do not know `private`, and would
 *   show the message as read by its receiver.
 *
 * `message_delivered` comes before `message_read`.
 */
export function receiptDeliveries(moves: readonly Advanced[], at: Date): Delivery[] {
  const delivered = moves.map(move => ({ ...move, userIds: [move.userId], messages: move.delivered.messages }))
  const reads = moves.flatMap(move => readings(move, at))
  return [...deliveredDeliveries(delivered, at), ...joined(reads), ...moves.flatMap(move => ownReading(move, at))]
}

/** Deliveries that tell which messages reached members, to the audience of `receiptDeliveries`. */
export function deliveredDeliveries(reached: readonly Reached[], at: Date): Delivery[] {
  return joined(
    reached.flatMap(({ userIds, messages, ...where }) =>
      [...bySender(messages)].map(([senderId, covered]) => ({
        ...courtesy(where, where.peerId === null ? [roomTopic(where.conversationId)] : [userTopic(senderId)], covered),
        frames: userIds.flatMap(userId => receiptFrames('message_delivered', { ...where, userId }, covered, at))
      }))
    )
  )
}

function readings(move: Advanced, at: Date): Courtesy[] {
  const { conversationId, peerId, read, userId } = move
  return [...bySender(read.messages)].map(([senderId, messages]) => ({
    ...courtesy(
      move,
      peerId === null ? [roomTopic(conversationId)] : [userTopic(senderId), userTopic(userId)],
      messages
    ),
    frames: receiptFrames('message_read', move, messages, at)
  }))
}

/** Tells the reader's own devices of a reading that no other frame tells them of. */
function ownReading(advanced: Advanced, at: Date): Delivery[] {
  const { own, read, userId, conversationId } = advanced
  if (own.last === null || read.messages.length > 0) return []
  const after = { stream: conversationStream(conversationId), seq: own.last.seq }
  const frames = [frameOf(receiptEvent('message_read', advanced, own.last, at, true))]
  return [
    { topics: [userTopic(userId)], envelope: { header: { kind: 'courtesy', after, dialect: OUR_DIALECT }, frames } }
  ]
}

/** Frames about one conversation for the same topics. */
interface Courtesy {
  readonly topics: readonly Topic[]
  readonly header: CourtesyHeader & { readonly after: { readonly stream: string; readonly seq: Seq } }
  readonly frames: readonly string[]
}

function courtesy(
  { conversationId: conversation, peerId, membersSeq }: Pick<Reached, 'conversationId' | 'peerId' | 'membersSeq'>,
  topics: readonly Topic[],
  messages: readonly Covered[]
): Omit<Courtesy, 'frames'> {
  const after = { stream: conversationStream(conversation), seq: highest(messages.map(({ seq }) => seq)) }
  const room = peerId === null ? { conversation, members_seq: membersSeq } : {}
  return { topics, header: { kind: 'courtesy', after, ...room } }
}

function receiptFrames(
  type: 'message_delivered' | 'message_read',
  who: Pick<Advanced, 'conversationId' | 'userId'>,
  messages: readonly Covered[],
  at: Date
): string[] {
  return messages.map(covered => frameOf(receiptEvent(type, who, covered, at)))
}

/** Joins frames about one conversation for the same topics into one envelope. Gateways hold it back until they have
 *  sent the newest message that one of its frames names. */
function joined(courtesies: readonly Courtesy[]): Delivery[] {
  const found = new Map<string, Courtesy>()
  for (const each of courtesies) {
    const key = `${each.header.after.stream} ${each.topics.join(' ')}`
    const known = found.get(key)
    found.set(key, known === undefined ? each : { ...newer(known, each), frames: [...known.frames, ...each.frames] })
  }
  return [...found.values()].map(({ topics, header, frames }) => ({ topics, envelope: { header, frames } }))
}

/** The one whose newest message has the higher seq. */
function newer(one: Courtesy, other: Courtesy): Courtesy {
  return other.header.after.seq > one.header.after.seq ? other : one
}

function highest(seqs: readonly Seq[]): Seq {
  return Math.max(...seqs) as Seq
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

/** The event that `userId` received or read a message. */
function receiptEvent(
  type: 'message_delivered' | 'message_read',
  { conversationId, userId }: Pick<Advanced, 'conversationId' | 'userId'>,
  { id, seq }: Omit<Covered, 'senderId'>,
  at: Date,
  isPrivate = false
): Event {
  const facts = {
    id,
    conversation_id: conversationId,
    user_id: userId,
    seq,
    v: EVENT_VERSION,
    at: timestamp(at)
  } as const
  return isPrivate && type === 'message_read' ? { type, ...facts, private: true } : { type, ...facts }
}
