import type { ConversationId, HistoryFor, Role, Seq, UserId } from '@rendezvous/contract'
import type { Participant } from './conversations.ts'
import type { Message } from './messages.ts'

/** A group to make. */
export interface NewGroup {
  readonly ownerId: UserId
  /** At most `limits.idsPerRequest`; the owner among them is ignored. */
  readonly memberIds: readonly UserId[]
  /** '' for none. */
  readonly title: string
  readonly history: HistoryFor
  /** What the owner calls this making, so that he can repeat it. */
  readonly clientId?: string | undefined
}

/** A group that was made, under seq 1; `duplicate` is what the owner made before under the same `clientId`, `conflict` when that was another group,
 *  unless it changed in the meantime; or the people who cannot be brought into it: absent, gone, across a block from the owner, or in too
 *  many groups. */
export type Made =
  | {
      readonly status: 'ok'
      readonly id: ConversationId
      readonly createdAt: Date
      /** Everybody in it, ascending. */
      readonly memberIds: readonly UserId[]
      readonly outboxId: number
    }
  | { readonly status: 'duplicate'; readonly id: ConversationId }
  | { readonly status: 'conflict' }
  | { readonly status: 'unknown'; readonly userIds: readonly UserId[] }

/**
 * Why nothing changed:
 * - `unchanged`: it is so already.
 * - `not_found`: absent, or the actor is no member.
 * - `direct`: it is no group.
 * - `forbidden`: the actor's role does not allow it.
 * - `unknown`: `userIds` cannot be brought in (see `Made`), or the one named is no member.
 * - `full`: the group would have more than `limits.groupMembers`.
 */
export interface NoChange {
  readonly status: 'unchanged' | 'not_found' | 'direct' | 'forbidden' | 'unknown' | 'full'
  readonly userIds: readonly UserId[]
}

/** What changed under `seq`, and what the server said of it under the next value. */
interface Changed {
  readonly status: 'ok'
  readonly seq: Seq
  readonly outboxId: number
}

/** Who came or went. */
export type Moved = (Changed & { readonly userIds: readonly UserId[]; readonly said: Message }) | NoChange

/** A change that nobody came or went by. */
type Settled = Changed & {
  /** Seq of the last change of members. */
  readonly membersSeq: Seq
}

/** What title and settings are now. `said` is null when the title is the same. */
export type Updated =
  | (Settled & { readonly title: string; readonly history: HistoryFor; readonly said: Message | null })
  | NoChange

/** A member of a group as another sees him. */
export interface GroupMember {
  readonly person: Participant
  readonly role: Role
  readonly joinedAt: Date
  /** Null in conversations of more than 32, and across a block. */
  readonly deliveredSeq: Seq | null
  readonly readSeq: Seq | null
}

/** An actor and the group he acts in. `rank` is what he needs (see `rankFor`). */
export interface Act {
  readonly conversationId: ConversationId
  readonly actorId: UserId
  readonly rank: number
}

/** Groups: their members, roles, titles. Each write is atomic, takes a seq, and is durable when it resolves. */
export interface Groups {
  create(group: NewGroup): Promise<Made>
  /** Brings people in; those who are in it are passed over. All or nobody. */
  add(act: Act, userIds: readonly UserId[]): Promise<Moved>
  /** Takes people out; those who are not in it are passed over. All or nobody; nobody of the actor's role or a higher one. */
  remove(act: Act, userIds: readonly UserId[]): Promise<Moved>
  /** Gives a member another role. `owner` hands the group over, and makes the actor an admin. */
  setRole(act: Act, userId: UserId, role: Role): Promise<Settled | NoChange>
  /** Changes what is given. */
  update(act: Act, changes: { readonly title?: string; readonly history?: HistoryFor }): Promise<Updated>
  /** Members by id, above `after`; null when absent or the viewer is no member. Direct conversations too. */
  members(
    conversationId: ConversationId,
    viewerId: UserId,
    page: { readonly limit: number; readonly after: number }
  ): Promise<GroupMember[] | null>
}
