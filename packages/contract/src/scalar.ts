import { type Static, type TSchema, Type } from 'typebox'

declare const brand: unique symbol
/** A number that is an id of one kind, so that a user's cannot stand where a message's is due. */
export type Branded<Name extends string> = number & { readonly [brand]: Name }

export type UserId = Branded<'user'>
export type ConversationId = Branded<'conversation'>
export type MessageId = Branded<'message'>
/** Place in a conversation's one sequence of changes: 1, 2, 3 ... without a gap. */
export type Seq = Branded<'seq'>

const INT4_MAX = 2_147_483_647

/** A user's id: an `int4`. */
export const UserId = Type.Unsafe<UserId>(Type.Integer({ minimum: 1, maximum: INT4_MAX, description: 'Id of a user' }))
/** Whether `value` can be a user's id at all. */
export function isUserId(value: number): value is UserId {
  return Number.isInteger(value) && value >= 1 && value <= INT4_MAX
}
/** A conversation's id: time-ordered, below 2^53. */
export const ConversationId = Type.Unsafe<ConversationId>(
  Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: 'Id of a conversation' })
)
/** A message's id: time-ordered, below 2^53. Order inside a conversation comes from `seq`, not from here. */
export const MessageId = Type.Unsafe<MessageId>(
  Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: 'Id of a message' })
)
export const Seq = Type.Unsafe<Seq>(
  Type.Integer({ minimum: 0, maximum: INT4_MAX, description: "Place in the conversation's sequence of changes" })
)

/** A moment as Django REST framework writes it: ISO 8601 in UTC with microseconds and `Z`. */
export const Timestamp = Type.String({ format: 'date-time', description: 'ISO 8601, UTC, `Z`' })

/** Writes `date` as Django REST framework does: `2026-01-31T10:20:30.123000Z`. */
export function timestamp(date: Date): string {
  return `${date.toISOString().slice(0, -1)}000Z`
}

/** A unique name the client gives to one send, or to the making of one group, so that repeating it doubles nothing. */
export const ClientId = Type.String({
  format: 'uuid',
  description: 'Idempotency key: of a send, unique for its sender and conversation; of a group, for who makes it'
})

/** `schema` or null. */
export function Nullable<T extends TSchema>(schema: T) {
  return Type.Union([schema, Type.Null()])
}

/** A reference to a named schema of the contract (one with `$id`), so that documents say its name instead of repeating it. */
export function ref<T extends TSchema>(schema: T) {
  if (!('$id' in schema)) throw new TypeError('only a schema with $id can be referred to')
  return Type.Unsafe<Static<T>>({ $ref: `${schema.$id}#` })
}
