import type { Command } from './command.ts'
import type { ErrorCode, FieldErrors } from './error.ts'
import type { AckResult } from './event/socket.ts'
import type { ConversationId, Seq, UserId } from './scalar.ts'

/** Who opened a socket, as his access token said. `expiresAt` in milliseconds since 1970. */
export interface Claims {
  readonly userId: UserId
  readonly sessionId: string
  /** The `jti` of the access token. */
  readonly tokenId: string
  readonly expiresAt: number
}

/** What a gateway must know of a person to open his socket. */
export interface Roster {
  /** False when the session ended in the meantime: the socket must not open. */
  readonly alive: boolean
  /** Conversations with a room topic of their own, which he is in. */
  readonly rooms: readonly RoomHead[]
  /** People whose presence he sees: `limits.presenceContacts` at most, or `limits.presenceEveryone`. */
  readonly contacts: readonly UserId[]
  /** Last value of his personal stream. */
  readonly head: number
}

/** A room: the last change of its members, and its last value. */
export interface RoomHead {
  readonly conversationId: ConversationId
  readonly membersSeq: Seq
  readonly headSeq: Seq
}

/** Which of `userIds` are in a room: asked when its members may have changed unseen. */
export interface RoomQuestion {
  readonly conversationId: ConversationId
  /** `limits.roomQuestion` at most. */
  readonly userIds: readonly UserId[]
}

/** A room as it is: who of those asked about is in it, as of `membersSeq`, and its last value. `headSeq` 0 when there is no such room. */
export interface RoomState extends Omit<RoomHead, 'conversationId'> {
  readonly memberIds: readonly UserId[]
}

/** The person's own topic may have brought nothing for `deafMs` milliseconds, up to now. */
export interface MissedQuestion {
  readonly userId: UserId
  readonly deafMs: number
}

/** A conversation of which something may have been told on the person's own topic meanwhile. */
export interface MissedConversation {
  readonly conversationId: ConversationId
  /** The last value of it that was told there, ever: of a group, the person's own last coming or going. Who knows of it has lost no event. */
  readonly headSeq: Seq
  /** Watermarks moved too, of which no value tells. */
  readonly receipts: boolean
}

/** A command that a gateway found well-formed, and whose it is. */
export interface IssuedCommand {
  readonly claims: Claims
  readonly command: Exclude<Command, { type: 'ping' }>
}

/** What a command came to: what its ack says, or the code and texts of its `error`. */
export type CommandResult =
  | { readonly ok: true; readonly result: AckResult }
  | {
      readonly ok: false
      readonly code: ErrorCode
      readonly detail: string
      readonly fields?: FieldErrors
      /** Seconds after which it is worth trying again. */
      readonly retryAfter?: number
    }

/** Messages up to `seq` were written to a device of `userId`. */
export interface DeliveryReport {
  readonly userId: UserId
  readonly conversationId: ConversationId
  readonly seq: Seq
}

/** A person came online or went offline, seen by the cluster as a whole. `at` in milliseconds since 1970. */
export interface PresenceChange {
  readonly userId: UserId
  readonly online: boolean
  readonly at: number
}

/**
 * What a gateway asks of the api. Every call takes up to 50 entries, answers them in their order, and rejects as a whole only when
 * the api cannot be reached; then nothing is known of any entry, and repeating the call is safe.
 */
export interface Backend {
  /** Whether each session may still be used. */
  alive(claims: readonly Claims[]): Promise<boolean[]>
  /** What each opening socket needs. A message stored after the call began is either in state the client fetches later, or published. */
  roster(claims: readonly Claims[]): Promise<Roster[]>
  /** Who is in each room now: nobody who left or was taken out, and everybody who came, before the call began. */
  rooms(questions: readonly RoomQuestion[]): Promise<RoomState[]>
  /** What each person's own topic may have told of conversations while it was deaf: none left out, and some perhaps that changed shortly before. Null
   *  when they are more than `limits.missedConversations`. */
  missed(questions: readonly MissedQuestion[]): Promise<(readonly MissedConversation[] | null)[]>
  /** Carries out commands; one that is refused leaves its neighbours alone. Durable when answered. */
  execute(commands: readonly IssuedCommand[]): Promise<CommandResult[]>
  /** Moves delivered watermarks. A report of what is no message of his is ignored. */
  delivered(reports: readonly DeliveryReport[]): Promise<void>
  /** Everything that waited for these people counts as delivered. */
  deliverWaiting(userIds: readonly UserId[]): Promise<void>
  /** Stores `last_seen` and tells those who see it. */
  presenceChanged(changes: readonly PresenceChange[]): Promise<void>
}
