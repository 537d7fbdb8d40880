import type { ConversationId, HistoryFor, Role, Seq, UserId } from '@rendezvous/contract'
import type { SecurityEvent } from '../../audit/port.ts'
import type { Participant } from '../conversations/port.ts'
import type { Message } from '../messages/port.ts'

/** A group to create. */
export interface NewGroup {
  readonly ownerId: UserId
  /** At most `limits.idsPerRequest`. The owner's id is ignored. */
  readonly memberIds: readonly UserId[]
  /** Empty string: no title. */
  readonly title: string
  readonly history: HistoryFor
  /** The idempotency key, unique per owner. */
  readonly clientId?: string | undefined
}

/**
 * The result of a new group:
 * - `ok`: created, at seq 1.
 * - `duplicate`: the owner already used this `clientId`, for a group with the same title, history and members. Members
 *   that changed since are not compared, nor are a title and history that changed.
 * - `conflict`: the owner already used this `clientId` for a group with other content.
 * - `unknown`: `userIds` cannot be added. They are absent, deleted, inactive, across a block from the owner, or in too
 *   many groups.
 */
export type GroupCreation =
  | {
      readonly status: 'ok'
      readonly id: ConversationId
      readonly createdAt: Date
      /** All members, ascending. */
      readonly memberIds: readonly UserId[]
      readonly outboxId: number
    }
  | { readonly status: 'duplicate'; readonly id: ConversationId }
  | { readonly status: 'conflict' }
  | { readonly status: 'unknown'; readonly userIds: readonly UserId[] }

/**
 * Why nothing changed:
 * - `unchanged`: the group is in the wanted state already.
 * - `not_found`: the conversation is absent, or the actor is not a member.
 * - `direct`: it is a direct conversation.
 * - `forbidden`: the actor's role does not allow the change.
 * - `unknown`: `userIds` cannot be added (see `GroupCreation`), or the user given to `setRole` is not a member.
 * - `full`: the group would have more than `limits.groupMembers` members.
 */
export interface NoChange {
  readonly status: 'unchanged' | 'not_found' | 'direct' | 'forbidden' | 'unknown' | 'full'
  /** The users who cause `unknown`. Empty when `setRole` answers it, and for the other statuses. */
  readonly userIds: readonly UserId[]
}

/** A change of a group, at `seq`. If there is a system message, it has the next seq. */
interface GroupChanged {
  readonly status: 'ok'
  readonly seq: Seq
  readonly outboxId: number
}

/** The result of `add` or `remove`. `userIds` are the users who joined or left. */
export type MembersChanged =
  | (GroupChanged & {
      readonly userIds: readonly UserId[]
      /** Members after the change. */
      readonly memberCount: number
      readonly systemMessage: Message
    })
  | NoChange

/** A change that leaves the members as they are. */
type NonMemberChange = GroupChanged & {
  /** Seq of the last change of members. */
  readonly membersSeq: Seq
}

/** The result of `update`: the new title and settings. `systemMessage` is null when the title did not change. */
export type Updated =
  | (NonMemberChange & {
      readonly title: string
      readonly history: HistoryFor
      readonly systemMessage: Message | null
      /** Members of the group; null without a system message. */
      readonly memberCount: number | null
    })
  | NoChange

/** A member of a group as another member sees them. */
export interface GroupMember {
  readonly person: Participant
  readonly role: Role
  readonly joinedAt: Date
  /** Both watermarks are null in conversations of more than `limits.receiptMembers`, and across a block. */
  readonly deliveredSeq: Seq | null
  readonly readSeq: Seq | null
}

/** A change of a role, and what was recorded of it. */
export type RoleChange = NonMemberChange & { readonly audited: readonly SecurityEvent[] }

/** A group, and the user who changes it. */
export interface GroupAction {
  readonly conversationId: ConversationId
  readonly actorId: UserId
  /** The rank of the lowest role that may do this (see `rankFor`). */
  readonly requiredRank: number
  /** Of the request, for the audit; '' by default. */
  readonly ip?: string
}

/** Stores groups with their members, roles and titles. Each write is atomic, and durable when it resolves. It takes
 *  the next seq, and its system message the one after. */
export interface Groups {
  create(group: NewGroup): Promise<GroupCreation>
  /** Adds all users or none. Ignores users who are already members. */
  add(action: GroupAction, userIds: readonly UserId[]): Promise<MembersChanged>
  /** Removes all users or none. Ignores users who are not members. `forbidden` when one of them has the actor's role or
   *  a higher one. */
  remove(action: GroupAction, userIds: readonly UserId[]): Promise<MembersChanged>
  /** Changes the role of a member. The role `owner` transfers ownership. The actor then becomes an admin.
   *  Recorded in the audit. */
  setRole(action: GroupAction, userId: UserId, role: Role): Promise<RoleChange | NoChange>
  /** The title of a group; null when it is absent or the user is not a member. */
  title(id: ConversationId, userId: UserId): Promise<string | null>
  /** Changes the given fields. */
  update(action: GroupAction, changes: { readonly title?: string; readonly history?: HistoryFor }): Promise<Updated>
  /** Members with an id above `after`, ascending. Null when the conversation is absent or the viewer is not a member.
   *  Also works for direct conversations. */
  members(
    conversationId: ConversationId,
    viewerId: UserId,
    page: { readonly limit: number; readonly after: number }
  ): Promise<GroupMember[] | null>
}
