import { type Static, type TSchema, Type } from 'typebox'

declare const brand: unique symbol
/** A number that is an id of one kind. The compiler refuses a user's id where a message's is needed. */
export type Branded<Name extends string> = number & { readonly [brand]: Name }

export type UserId = Branded<'user'>
export type ConversationId = Branded<'conversation'>
export type MessageId = Branded<'message'>
/** Position of a change in its conversation: 1, 2, 3 … without gaps. */
export type Seq = Branded<'seq'>

const INT4_MAX = 2_147_483_647

/** A user's id: an `int4`. */
export const UserId = Type.Unsafe<UserId>(Type.Integer({ minimum: 1, maximum: INT4_MAX, description: 'Id of a user' }))
/** Whether `value` is in the range of user ids. */
export function isUserId(value: number): value is UserId {
  return Number.isInteger(value) && value >= 1 && value <= INT4_MAX
}
/** A conversation's id: time-ordered, below 2^53. */
export const ConversationId = Type.Unsafe<ConversationId>(
  Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: 'Id of a conversation' })
)
/** A message's id: time-ordered, below 2^53. Inside a conversation `seq` gives the order, not the id. */
export const MessageId = Type.Unsafe<MessageId>(
  Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: 'Id of a message' })
)
export const Seq = Type.Unsafe<Seq>(
  Type.Integer({ minimum: 0, maximum: INT4_MAX, description: "Position of a change in the conversation's sequence" })
)

/** A time as Django REST framework writes it: ISO 8601 in UTC with microseconds and `Z`. */
export const Timestamp = Type.String({ format: 'date-time', description: 'ISO 8601, UTC, `Z`' })

/** `date` as Django REST framework writes it: `2026-01-31T10:20:30.123000Z`. */
export function timestamp(date: Date): string {
  return `${date.toISOString().slice(0, -1)}000Z`
}

/** The idempotency key of one send, or of the creation of one group, chosen by the client. A repeat stores nothing. */
export const ClientId = Type.String({
  format: 'uuid',
  description: 'Idempotency key. Unique per sender and conversation for a send, per creator for a group'
})

/** `schema` or null. */
export function Nullable<T extends TSchema>(schema: T) {
  return Type.Union([schema, Type.Null()])
}

/** A reference to `schema`, which must have an `$id`, so that documents name it instead of repeating it.
 *  @throws TypeError when it has none. */
export function ref<T extends TSchema>(schema: T) {
  if (!('$id' in schema)) throw new TypeError('ref() needs a schema with an $id')
  return Type.Unsafe<Static<T>>({ $ref: `${schema.$id}#` })
}
