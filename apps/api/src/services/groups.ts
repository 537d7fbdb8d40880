import {
  ApiError,
  type ConversationId,
  clientIdConflict,
  type HistoryFor,
  invalid,
  limits,
  notFound,
  type Right,
  type Role,
  rankFor,
  type Seq,
  textProblem,
  type UserId
} from '@rendezvous/contract'
import type { Change } from '../ports/changes.ts'
import type { Act, Groups, Moved, NoChange } from '../ports/groups.ts'
import type { Message } from '../ports/messages.ts'
import type { Announcer } from './announcer.ts'
import { unknownPerson } from './messages.ts'
import type { PresenceService } from './presence.ts'
import { memberView } from './views.ts'

/** What groups stand on. */
export interface GroupServiceOptions {
  readonly groups: Groups
  readonly presence: Pick<PresenceService, 'online'>
  readonly announcer: Pick<Announcer, 'announce'>
  readonly clock: () => number
}

/** A group to make. */
export interface GroupDraft {
  readonly others: readonly UserId[]
  readonly title: string
  readonly history: HistoryFor
  readonly clientId?: string | undefined
}

/** Groups: made, joined and left, named. */
export type GroupService = ReturnType<typeof groupService>

/** The groups kept in `groups`; every change is told to the room. */
export function groupService({ groups, presence, announcer, clock }: GroupServiceOptions) {
  const act = (actorId: UserId, conversationId: ConversationId, right: Right): Act => ({
    conversationId,
    actorId,
    rank: rankFor(right)
  })

  /** Tells a change, and what the server said of it. */
  function tell(change: Change, said: Message | null, outboxId: number): void {
    const { conversationId, membersSeq } = change
    const message: Change[] =
      said === null
        ? []
        : [
            {
              type: 'message_created',
              conversationId,
              seq: said.seq,
              memberIds: null,
              membersSeq,
              message: said,
              rejoinedIds: []
            }
          ]
    announcer.announce([change, ...message], [outboxId])
  }

  function tellMoved(type: 'member_joined' | 'member_left', { conversationId, actorId }: Act, moved: Moved): void {
    if (moved.status !== 'ok') return
    const { seq, userIds, said, outboxId } = moved
    const facts = { conversationId, seq, memberIds: null, membersSeq: seq, userIds, by: actorId, at: said.createdAt }
    tell(type === 'member_joined' ? { type, ...facts } : { type, ...facts, ownerId: null }, said, outboxId)
  }

  return {
    /** Makes a group, the caller its owner; a repeated `clientId` answers the first, not `created`.
     *  @throws invalid for a title that is none, and for people who cannot be brought in; client_id_conflict when the first was another. */
    async create(
      callerId: UserId,
      { others, title, history, clientId }: GroupDraft
    ): Promise<{ created: boolean; id: ConversationId }> {
      const named = titleOf(title)
      const made = await groups.create({ ownerId: callerId, memberIds: others, title: named, history, clientId })
      if (made.status === 'duplicate') return { created: false, id: made.id }
      if (made.status === 'conflict') throw clientIdConflict('This client_id was used for another group of yours.')
      if (made.status === 'unknown') throw invalid({ participants: made.userIds.map(unknownPerson) })

      const { id, createdAt: at, memberIds: userIds, outboxId } = made
      const placed = { conversationId: id, seq: 1 as Seq, memberIds: null, membersSeq: 1 as Seq }
      tell({ type: 'conversation_created', ...placed, title: named, userIds, by: callerId, at }, null, outboxId)
      return { created: true, id }
    },

    /** Brings people in; those who are in it are passed over.
     *  @throws notFound, permission_denied, group_full; invalid for who cannot be brought in, and for a direct conversation. */
    async add(callerId: UserId, id: ConversationId, userIds: readonly UserId[]): Promise<void> {
      const by = act(callerId, id, 'add_members')
      const moved = await groups.add(by, [...new Set(userIds)])
      refuse(moved)
      tellMoved('member_joined', by, moved)
    },

    /** Takes people out; those who are not in it are passed over. @throws as `add`. */
    async remove(callerId: UserId, id: ConversationId, userIds: readonly UserId[]): Promise<void> {
      const by = act(callerId, id, 'remove_members')
      const moved = await groups.remove(by, [...new Set(userIds)])
      refuse(moved)
      tellMoved('member_left', by, moved)
    },

    /** Gives a member another role; `owner` hands the group over. @throws notFound also when he is no member; permission_denied. */
    async setRole(callerId: UserId, id: ConversationId, userId: UserId, role: Role): Promise<void> {
      const by = act(callerId, id, role === 'owner' ? 'hand_over' : 'change_roles')
      const changed = await groups.setRole(by, userId, role)
      if (changed.status === 'unknown') throw notFound()
      refuse(changed)
      if (changed.status !== 'ok') return

      const { seq, membersSeq, outboxId } = changed
      const former = role === 'owner' ? [{ userId: callerId, role: 'admin' as const }] : []
      const placed = { conversationId: id, seq, memberIds: null, membersSeq }
      const members = [{ userId, role }, ...former]
      tell({ type: 'member_updated', ...placed, members, by: callerId, at: new Date(clock()) }, null, outboxId)
    },

    /** Changes title or settings. @throws notFound, permission_denied; invalid for a title that is none, and for a direct conversation. */
    async update(
      callerId: UserId,
      id: ConversationId,
      changes: { readonly title?: string | undefined; readonly history?: HistoryFor | undefined }
    ): Promise<void> {
      const title = changes.title === undefined ? {} : { title: titleOf(changes.title) }
      const history = changes.history === undefined ? {} : { history: changes.history }
      const by = act(callerId, id, changes.history === undefined ? 'change_title' : 'change_settings')
      const updated = await groups.update(by, { ...title, ...history })
      refuse(updated)
      if (updated.status !== 'ok') return

      const { seq, membersSeq, title: named, history: shown, said, outboxId } = updated
      const placed = { conversationId: id, seq, memberIds: null, membersSeq }
      const facts = { title: named, history: shown, by: callerId, at: new Date(clock()) }
      tell({ type: 'conversation_updated', ...placed, ...facts }, said, outboxId)
    },

    /** Members by id, those above `after`; of a direct conversation too. @throws notFound when it is absent or not the caller's. */
    async members(callerId: UserId, id: ConversationId, page: { readonly limit: number; readonly after: number }) {
      const found = await groups.members(id, callerId, { ...page, limit: page.limit + 1 })
      if (found === null) throw notFound()
      const shown = found.slice(0, page.limit)
      const online = await presence.online(shown.filter(({ person }) => !person.hidden).map(({ person }) => person.id))
      const next = found.length > page.limit ? (shown.at(-1)?.person.id ?? null) : null
      return { members: shown.map(member => memberView(member, online)), next }
    }
  }
}

function refuse({
  status,
  ...rest
}: {
  readonly status: NoChange['status'] | 'ok'
  readonly userIds?: readonly UserId[]
}): void {
  if (status === 'not_found') throw notFound()
  if (status === 'forbidden') throw new ApiError('permission_denied')
  if (status === 'full') throw new ApiError('group_full')
  if (status === 'direct') throw new ApiError('not_a_group')
  if (status === 'unknown') throw invalid({ user_ids: (rest.userIds ?? []).map(unknownPerson) })
}

/** @throws invalid for one that is nothing but space, or holds what no text may hold. */
function titleOf(given: string): string {
  const title = given.trim()
  const problem = title === '' && given === '' ? null : textProblem(title, limits.shortTextCharacters)
  if (problem !== null) throw invalid({ title: [problem] })
  return title
}
