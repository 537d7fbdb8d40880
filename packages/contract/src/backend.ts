import { type Static, type TSchema, Type } from 'typebox'
import { type Command, commands, SendMessage } from './command.ts'
import type { ErrorCode, FieldErrors } from './error.ts'
import { AckResult } from './event/socket.ts'
import { limits } from './limits.ts'
import { ClientId, ConversationId, Nullable, Seq, UserId } from './scalar.ts'
import type { SyncAnswer } from './sync.ts'

/**
 * Version of the calls between a gateway and an api node. Within one version both sides may add optional fields,
 * methods and commands:
 * - An unknown field is ignored, except inside a command: that command is refused as `invalid`.
 * - An unknown method is refused as `unsupported`, like every call of another version.
 * - An unknown command is answered with `unknown_command`. Its neighbours are carried out.
 * - An unknown error code is read as `internal`. Its text stays.
 * Any other change takes the next version. The api serves both until the last gateway of the old version has ended.
 */
export const BACKEND_VERSION = 1

/** In characters: the longest name, id or token id in a call, and the longest text of an error. */
const NAME_CHARACTERS = 128
const TEXT_CHARACTERS = 4_096

const Moment = Type.Number({ minimum: 0, description: 'Milliseconds since 1970' })

/** The user who opened a socket, and their session, as the access token says. */
export const Claims = Type.Object({
  userId: UserId,
  sessionId: Type.String({ maxLength: NAME_CHARACTERS }),
  /** The `jti` of the access token. */
  tokenId: Type.String({ maxLength: NAME_CHARACTERS }),
  expiresAt: Moment
})
export type Claims = Readonly<Static<typeof Claims>>

/** A room, the seq of the last change of its members, and its last seq. */
export const RoomHead = Type.Object({ conversationId: ConversationId, membersSeq: Seq, headSeq: Seq })
export type RoomHead = Readonly<Static<typeof RoomHead>>

/** What a gateway needs to know of a user to open their socket. */
export const Roster = Type.Object({
  /** False when the session ended in the meantime: the socket must not open. */
  alive: Type.Boolean(),
  /** The user's conversations that have a room topic of their own. Adding people at the same time can exceed
   *  `limits.roomsPerPerson` by a few. */
  rooms: Type.Immutable(Type.Array(RoomHead, { maxItems: 2 * limits.roomsPerPerson })),
  /** Users whose presence the user sees: at most `limits.presenceContacts` of their contacts, or
   *  `limits.presenceEveryone` where everyone sees everyone. */
  contacts: Type.Immutable(Type.Array(UserId, { maxItems: limits.presenceEveryone })),
  /** Last seq of the user's personal stream. */
  head: Type.Integer({ minimum: 0 })
})
export type Roster = Readonly<Static<typeof Roster>>

/** Asks which of `userIds` are members of a room. A gateway asks when it may have missed a change of members. */
export const RoomQuestion = Type.Object({
  conversationId: ConversationId,
  userIds: Type.Immutable(Type.Array(UserId, { maxItems: limits.roomQuestion }))
})
export type RoomQuestion = Readonly<Static<typeof RoomQuestion>>

/** Which of the users asked about are members as of `membersSeq`, and the room's last seq. `headSeq` is 0 when there is
 *  no such room. */
export const RoomState = Type.Object({
  membersSeq: Seq,
  headSeq: Seq,
  memberIds: Type.Immutable(Type.Array(UserId, { maxItems: limits.roomQuestion }))
})
export type RoomState = Readonly<Static<typeof RoomState>>

/** Asks what the user's own topic may have lost in the last `deafMs` milliseconds. */
export const MissedQuestion = Type.Object({ userId: UserId, deafMs: Type.Number({ minimum: 0 }) })
export type MissedQuestion = Readonly<Static<typeof MissedQuestion>>

/** A conversation with frames that may have been lost on the user's own topic. */
export const MissedConversation = Type.Object({
  conversationId: ConversationId,
  /** The last seq of it that was published there. In a group that is the last time the user joined or left. A gateway
   *  that knows this seq has lost no event. */
  headSeq: Seq,
  /** Whether watermarks moved too. They have no seq. */
  receipts: Type.Boolean()
})
export type MissedConversation = Readonly<Static<typeof MissedConversation>>

const { ping: _ping, ...handedOn } = commands

/**
 * The commands that a gateway hands to the api, by `type`: all but `ping`. Each may be repeated:
 * - `send_message` has an idempotency key, its `client_id`. The gateway makes it when the client gave none.
 *   A repetition gets the first answer, with `duplicate: true`.
 * - The others need no key. They set a state, move a watermark that never goes back, or only read.
 *   A repetition takes no `seq` and announces nothing, except that typing is announced again.
 *   A repeated `delete_message` is answered with `not_found`.
 * - A repetition that comes after another command about the same thing undoes that command. An edit to X, an edit to Y
 *   from another socket, and the repetition of the first leave X. The same holds for reactions. So a gateway repeats
 *   only `send_message` by itself, and a client sees the last state in any case.
 *
 * Every repetition counts in the user's rate limit.
 */
export const backendCommands = Object.freeze({
  ...handedOn,
  send_message: Type.Object({ ...SendMessage.properties, client_id: ClientId }, { additionalProperties: false })
})

/** A command as the api receives it. */
export type BackendCommand =
  | Exclude<Command, { type: 'ping' | 'send_message' }>
  | Static<(typeof backendCommands)['send_message']>

/** A command that a gateway found well-formed, and the claims of its user. The schema checks `type` alone. The api
 *  checks the rest, so that it can refuse one command without refusing the others of the call. */
export const IssuedCommand = Type.Object({
  claims: Claims,
  command: Type.Unsafe<BackendCommand>(Type.Object({ type: Type.String({ maxLength: NAME_CHARACTERS }) }))
})
export type IssuedCommand = Readonly<Static<typeof IssuedCommand>>

const text = Type.String({ maxLength: TEXT_CHARACTERS })

/** The result of a command: the fields of its ack, or the code and texts of its `error`. The answer to a sync is passed
 *  on unchecked. */
export const CommandResult = Type.Union([
  Type.Object({
    ok: Type.Literal(true),
    result: Type.Unsafe<AckResult>(
      Type.Object({ ...AckResult.properties, sync: Type.Optional(Type.Unsafe<SyncAnswer>(Type.Object({}))) })
    )
  }),
  Type.Object({
    ok: Type.Literal(false),
    code: Type.Unsafe<ErrorCode>(Type.String({ maxLength: NAME_CHARACTERS })),
    detail: text,
    fields: Type.Optional(
      Type.Unsafe<FieldErrors>(
        Type.Record(Type.String(), Type.Array(text, { maxItems: limits.idsPerRequest }), { maxProperties: 100 })
      )
    ),
    /** Seconds after which the client may try again. */
    retryAfter: Type.Optional(Type.Number({ minimum: 0 }))
  })
])
export type CommandResult = Readonly<Static<typeof CommandResult>>

/** Messages up to `seq` were written to a device of each of `userIds`. */
export const DeliveryReport = Type.Object({
  conversationId: ConversationId,
  seq: Seq,
  userIds: Type.Immutable(Type.Array(UserId, { minItems: 1, maxItems: limits.receiptMembers }))
})
export type DeliveryReport = Readonly<Static<typeof DeliveryReport>>

/** A user came online at that moment, or is offline and was last seen then, for the whole cluster. */
export const PresenceChange = Type.Object({ userId: UserId, online: Type.Boolean(), at: Moment })
export type PresenceChange = Readonly<Static<typeof PresenceChange>>

/** These users were online at that moment. */
export const SeenUsers = Type.Object({
  userIds: Type.Immutable(Type.Array(UserId, { maxItems: limits.seenUsers })),
  at: Moment
})
export type SeenUsers = Readonly<Static<typeof SeenUsers>>

/** Every method of `Backend`: the schema of one entry of a call, and of the answer to one entry where there is one. */
export const backendMethods = Object.freeze({
  alive: { entry: Claims, answer: Type.Boolean() },
  roster: { entry: Claims, answer: Roster },
  rooms: { entry: RoomQuestion, answer: RoomState },
  missed: {
    entry: MissedQuestion,
    answer: Nullable(Type.Immutable(Type.Array(MissedConversation, { maxItems: limits.missedConversations })))
  },
  execute: { entry: IssuedCommand, answer: CommandResult },
  delivered: { entry: DeliveryReport },
  deliverWaiting: { entry: UserId },
  presenceChanged: { entry: PresenceChange },
  seen: { entry: SeenUsers }
} satisfies Record<keyof Backend, { readonly entry: TSchema; readonly answer?: TSchema }>)

/**
 * What a gateway asks of the api. Every call takes up to `limits.backendBatch` entries and answers them in their order.
 * A call rejects only when the api cannot be reached or cannot read it. Then the entries without an answer may or may
 * not be done. They may be repeated as they are. `backendCommands` says what a late repetition of a command undoes.
 */
export interface Backend {
  /** Answers for each session whether it may still be used. */
  alive(claims: readonly Claims[]): Promise<boolean[]>
  /** Answers what each opening socket needs. A message stored after the call began is either in the state that the
   *  client fetches later, or published. */
  roster(claims: readonly Claims[]): Promise<Roster[]>
  /** Answers who is in each room. The answer knows of everybody who joined, left or was removed before the call. */
  rooms(questions: readonly RoomQuestion[]): Promise<RoomState[]>
  /** Answers the conversations with frames that may have been lost on each user's own topic. None is left out. Some may
   *  have changed shortly before that time. Null when there are more than `limits.missedConversations`. */
  missed(questions: readonly MissedQuestion[]): Promise<(readonly MissedConversation[] | null)[]>
  /** Carries out commands independently of one another, and calls `answer` for each, once, as soon as its result is
   *  durable. `index` is that of the command. Resolves when all are answered. `answer` must not throw. */
  execute(commands: readonly IssuedCommand[], answer: (index: number, result: CommandResult) => void): Promise<void>
  /** Moves the delivered watermarks of all reports in one transaction. Ignores users who are not in the conversation,
   *  and reports of a group of more than `limits.receiptMembers`. */
  delivered(reports: readonly DeliveryReport[]): Promise<void>
  /** Marks everything that waits for these users as delivered. */
  deliverWaiting(userIds: readonly UserId[]): Promise<void>
  /** Stores `last_seen`, and tells watchers of each change that still holds in the cluster. */
  presenceChanged(changes: readonly PresenceChange[]): Promise<void>
  /** Stores `last_seen` and tells nobody. It never moves back, so a report may come late. */
  seen(reports: readonly SeenUsers[]): Promise<void>
}
