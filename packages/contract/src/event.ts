import { type Static, Type } from 'typebox'
import { ApiError, ErrorCode } from './error.ts'
import { limits } from './limits.ts'
import { MessageStatus } from './message.ts'
import { ClientId, ConversationId, MessageId, Nullable, Seq, Timestamp, UserId } from './scalar.ts'

/** Version of the events' shapes. A client ignores fields it does not know. */
export const EVENT_VERSION = 1

const Stream = Type.String({ description: 'The sequence `seq` counts in: `conversation:<id>`' })
const V = Type.Literal(EVENT_VERSION)

/** Members of every event that takes a value of its stream. */
const sequenced = { v: V, stream: Stream, seq: Seq, at: Timestamp }
const live = { v: V, at: Timestamp }

export const MessageCreated = Type.Object(
  {
    type: Type.Literal('message_created'),
    id: MessageId,
    from: UserId,
    to: Nullable(UserId),
    content: Type.String(),
    message_type: Type.Literal('text'),
    created_at: Timestamp,
    status: MessageStatus,
    conversation_id: ConversationId,
    client_id: ClientId,
    ...sequenced
  },
  {
    $id: 'MessageCreated',
    description: 'A message was stored. Goes to every device of both people, the sender included.'
  }
)

const receipt = { id: MessageId, conversation_id: ConversationId, user_id: UserId, seq: Seq, ...live }
export const MessageDelivered = Type.Object(
  { type: Type.Literal('message_delivered'), ...receipt },
  {
    $id: 'MessageDelivered',
    description: 'The message reached a device of `user_id`, and so did all before its `seq`. Told to its sender.'
  }
)
export const MessageRead = Type.Object(
  { type: Type.Literal('message_read'), ...receipt },
  {
    $id: 'MessageRead',
    description:
      "The message was read by `user_id`, and so were all before its `seq`. Told to its sender and to the reader's devices."
  }
)

export const PresenceUpdate = Type.Object(
  {
    type: Type.Literal('presence_update'),
    user_id: UserId,
    online: Type.Boolean(),
    last_seen: Nullable(Timestamp),
    ...live
  },
  { $id: 'PresenceUpdate', description: 'A contact came online or went offline' }
)
export const PresenceSnapshot = Type.Object(
  {
    type: Type.Literal('presence_snapshot'),
    online_user_ids: Type.Array(UserId, { maxItems: limits.presenceContacts + 1 }),
    ...live
  },
  {
    $id: 'PresenceSnapshot',
    description: 'Who of the contacts is online, oneself included. Sent once, when the socket opens.'
  }
)

export const ConversationCreated = Type.Object(
  {
    type: Type.Literal('conversation_created'),
    conversation_id: ConversationId,
    conversation_type: Type.Literal('direct'),
    participant_ids: Type.Array(UserId),
    created_by: UserId,
    created_at: Timestamp,
    ...sequenced
  },
  { $id: 'ConversationCreated', description: 'A conversation one belongs to was created' }
)

const membership = { conversation_id: ConversationId, user_id: UserId, ...sequenced }
export const MemberJoined = Type.Object(
  { type: Type.Literal('member_joined'), ...membership },
  { $id: 'MemberJoined', description: 'Somebody came (back) into the conversation' }
)
export const MemberLeft = Type.Object(
  { type: Type.Literal('member_left'), ...membership },
  { $id: 'MemberLeft', description: 'Somebody left the conversation' }
)

export const Ready = Type.Object(
  {
    type: Type.Literal('ready'),
    user_id: UserId,
    session_id: Type.String(),
    dialect: Type.Union([Type.Literal('rendezvous.v1'), Type.Literal('legacy')]),
    heartbeat_ms: Type.Integer({ minimum: 1 }),
    head: Type.Integer({ minimum: 0, description: "Last value of one's personal stream" }),
    ...live
  },
  {
    $id: 'Ready',
    description: 'All subscriptions stand: whatever is stored from now on arrives. Fetch what came before now.'
  }
)
export const Resync = Type.Object(
  { type: Type.Literal('resync'), stream: Nullable(Stream), ...live },
  {
    $id: 'Resync',
    description: 'Events of the stream (of all streams when null) may be missing. Fetch its state anew.'
  }
)
export const Reconnect = Type.Object(
  { type: Type.Literal('reconnect'), after_ms: Type.Integer({ minimum: 0 }), ...live },
  { $id: 'Reconnect', description: 'The node is about to close this socket. Open a new one after `after_ms`.' }
)

/** A command's own name for itself, chosen by the client. */
export const CommandRef = Type.Union([
  Type.String({ maxLength: limits.refCharacters }),
  Type.Integer({ minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER })
])
export type CommandRef = Static<typeof CommandRef>

/** What a command came to. `send_message` fills all but the last; the others only `conversation_id` and `seq`. */
export const AckResult = Type.Object(
  {
    id: Type.Optional(MessageId),
    conversation_id: Type.Optional(ConversationId),
    client_id: Type.Optional(ClientId),
    created_at: Type.Optional(Timestamp),
    duplicate: Type.Optional(Type.Boolean()),
    seq: Type.Optional(Seq)
  },
  { $id: 'AckResult' }
)
export type AckResult = Static<typeof AckResult>

export const Ack = Type.Object(
  { type: Type.Literal('ack'), ref: Nullable(CommandRef), ...AckResult.properties, ...live },
  { $id: 'Ack', description: 'The command with this `ref` was carried out; what it stored is durable' }
)
export const SocketError = Type.Object(
  {
    type: Type.Literal('error'),
    ref: Nullable(CommandRef),
    code: ErrorCode,
    detail: Type.String(),
    errors: Type.Optional(Type.Record(Type.String(), Type.Array(Type.String()))),
    ...live
  },
  { $id: 'SocketError', description: 'The command with this `ref`, or the frame, was refused' }
)

/** Every frame a gateway sends, by `type`. */
export const events = Object.freeze({
  message_created: MessageCreated,
  message_delivered: MessageDelivered,
  message_read: MessageRead,
  presence_update: PresenceUpdate,
  presence_snapshot: PresenceSnapshot,
  conversation_created: ConversationCreated,
  member_joined: MemberJoined,
  member_left: MemberLeft,
  ready: Ready,
  resync: Resync,
  reconnect: Reconnect,
  ack: Ack,
  error: SocketError
})

/** Any frame a gateway sends. */
export type Event = { [Name in keyof typeof events]: Static<(typeof events)[Name]> }[keyof typeof events]

/** The stream of a conversation's changes. */
export function conversationStream(id: ConversationId): string {
  return `conversation:${id}`
}

/** The `error` frame for `thrown`; what is no error of the contract says only that. */
export function errorFrame(thrown: unknown, ref: CommandRef | null, at: string): Static<typeof SocketError> {
  const error = thrown instanceof ApiError ? thrown : new ApiError('internal')
  const fields = error.fields === undefined ? {} : { errors: mutable(error.fields) }
  return { type: 'error', ref, code: error.code, detail: error.message, ...fields, v: EVENT_VERSION, at }
}

function mutable(fields: Readonly<Record<string, readonly string[]>>): Record<string, string[]> {
  return Object.fromEntries(Object.entries(fields).map(([name, texts]) => [name, [...texts]]))
}
