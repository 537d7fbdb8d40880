import { type Static, Type } from 'typebox'
import { ApiError, ErrorCode } from '../error.ts'
import { limits } from '../limits.ts'
import { ClientId, ConversationId, MessageId, Nullable, ref, Seq, Timestamp, UserId } from '../scalar.ts'
import { SyncAnswer } from '../sync.ts'
import { EVENT_VERSION, live, Stream } from './common.ts'

export const Ready = Type.Object(
  {
    type: Type.Literal('ready'),
    user_id: UserId,
    session_id: Type.String(),
    dialect: Type.Union([Type.Literal('rendezvous.v1'), Type.Literal('legacy')]),
    heartbeat_ms: Type.Integer({ minimum: 1 }),
    head: Type.Integer({ minimum: 0, description: "Last `seq` of the user's personal stream" }),
    ...live
  },
  {
    $id: 'Ready',
    description:
      'All subscriptions are active: the socket receives whatever is stored from now on. Fetch everything older.'
  }
)
export const Resync = Type.Object(
  { type: Type.Literal('resync'), stream: Nullable(Stream), ...live },
  {
    $id: 'Resync',
    description: 'Events of the stream, or of all streams if null, may be missing. Fetch its changes.'
  }
)
export const Reconnect = Type.Object(
  { type: Type.Literal('reconnect'), after_ms: Type.Integer({ minimum: 0 }), ...live },
  { $id: 'Reconnect', description: 'The node is about to close this socket. Open a new one after `after_ms`.' }
)

/** A command's id, chosen by the client and repeated in its answer. */
export const CommandRef = Type.Union([
  Type.String({ maxLength: limits.refCharacters }),
  Type.Integer({ minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER })
])
export type CommandRef = Static<typeof CommandRef>

/** The result of a command: `send_message` has the first six fields, `sync` the last. Other commands have `id`,
 *  `conversation_id` and `seq`, which for `mark_read` and `mark_delivered` is the caller's watermark. `deleted`: a
 *  repeated send whose message was deleted since. `reply_to_deleted` and `dropped_mentions` name references that have
 *  gone; each is absent when there is none. */
export const AckResult = Type.Object(
  {
    id: Type.Optional(MessageId),
    conversation_id: Type.Optional(ConversationId),
    client_id: Type.Optional(ClientId),
    created_at: Type.Optional(Timestamp),
    duplicate: Type.Optional(Type.Boolean()),
    seq: Type.Optional(Seq),
    deleted: Type.Optional(Type.Literal(true)),
    reply_to_deleted: Type.Optional(Type.Literal(true)),
    dropped_mentions: Type.Optional(Type.Array(UserId, { minItems: 1, maxItems: limits.mentions })),
    sync: Type.Optional(ref(SyncAnswer))
  },
  { $id: 'AckResult' }
)
export type AckResult = Static<typeof AckResult>

export const Ack = Type.Object(
  { type: Type.Literal('ack'), ref: Nullable(CommandRef), ...AckResult.properties, ...live },
  { $id: 'Ack', description: 'The command with this `ref` succeeded. Whatever it stored is durable' }
)
export const SocketError = Type.Object(
  {
    type: Type.Literal('error'),
    ref: Nullable(CommandRef),
    code: ErrorCode,
    detail: Type.String(),
    errors: Type.Optional(Type.Record(Type.String(), Type.Array(Type.String()))),
    retry_after_ms: Type.Optional(
      Type.Integer({ minimum: 0, description: 'How long to wait before a retry. Absent if waiting does not help' })
    ),
    ...live
  },
  { $id: 'SocketError', description: 'The command with this `ref` was refused, or the frame if `ref` is null' }
)

/** The `error` frame for `thrown`. Anything but an `ApiError` becomes `internal`, without details. */
export function errorFrame(thrown: unknown, ref: CommandRef | null, at: string): Static<typeof SocketError> {
  const error = thrown instanceof ApiError ? thrown : new ApiError('internal')
  const fields = error.fields === undefined ? {} : { errors: mutable(error.fields) }
  const wait = error.retryAfter === undefined ? {} : { retry_after_ms: Math.ceil(error.retryAfter * 1_000) }
  return { type: 'error', ref, code: error.code, detail: error.message, ...fields, ...wait, v: EVENT_VERSION, at }
}

function mutable(fields: Readonly<Record<string, readonly string[]>>): Record<string, string[]> {
  return Object.fromEntries(Object.entries(fields).map(([name, texts]) => [name, [...texts]]))
}
