import {
  ApiError,
  type ConversationId,
  clientIdConflict,
  type HistoryFor,
  invalid,
  limits,
  nameProblem,
  notFound,
  type Right,
  type Role,
  rankFor,
  type Seq,
  type UserId
} from '@rendezvous/contract'
import type { Report } from '../../audit/port.ts'
import type { PresenceService } from '../../people/presence/service.ts'
import type { ChatAnnouncer } from '../announcer.ts'
import type { Change } from '../changes/port.ts'
import type { Message } from '../messages/port.ts'
import { unknownPerson } from '../messages/service.ts'
import { memberView } from '../messages/view.ts'
import type { GroupAction, Groups, MembersChanged, NoChange } from './port.ts'

/** The ports of the group service. */
export interface GroupServiceOptions {
  readonly groups: Groups
  readonly presence: Pick<PresenceService, 'online'>
  readonly announcer: Pick<ChatAnnouncer, 'announce'>
  readonly report: Report
  readonly clock: () => number
}

/** A group to create. */
export interface GroupDraft {
  readonly others: readonly UserId[]
  readonly title: string
  readonly history: HistoryFor
  readonly clientId?: string | undefined
}

/** Creates groups, and changes their members, roles, titles and settings. */
export type GroupService = ReturnType<typeof groupService>

/** The service over the groups of the port `groups`. It announces every change to the room. */
export function groupService({ groups, presence, announcer, report, clock }: GroupServiceOptions) {
  const actionOf = (actorId: UserId, conversationId: ConversationId, right: Right): GroupAction => ({
    conversationId,
    actorId,
    requiredRank: rankFor(right)
  })

  /** Announces a change and its system message. */
  function announce(change: Change, systemMessage: Message | null, outboxId: number): void {
    const { conversationId, membersSeq, memberCount } = change
    const base = {
      conversationId,
      memberIds: null,
      membersSeq,
      ...(memberCount === undefined ? {} : { memberCount })
    }
    const message: Change[] =
      systemMessage === null
        ? []
        : [{ type: 'message_created', ...base, seq: systemMessage.seq, message: systemMessage, rejoinedIds: [] }]
    announcer.announce([change, ...message], [outboxId])
  }

  /** The title to store; none when it is the present one, since an imported title may break the rule.
   *  @throws invalid as `titleOf`. */
  async function titleToStore(
    callerId: UserId,
    id: ConversationId,
    given: string
  ): Promise<{ readonly title?: string }> {
    if (titleProblem(given.trim(), given) !== null && given === (await groups.title(id, callerId))) return {}
    return { title: titleOf(given) }
  }

  function announceMembers(
    type: 'member_joined' | 'member_left',
    { conversationId, actorId }: GroupAction,
    changed: MembersChanged
  ): void {
    if (changed.status !== 'ok') return
    const { seq, userIds, memberCount, systemMessage, outboxId } = changed
    const base = { conversationId, seq, memberIds: null, membersSeq: seq, memberCount }
    const facts = { ...base, userIds, by: actorId, at: systemMessage.createdAt }
    announce(type === 'member_joined' ? { type, ...facts } : { type, ...facts, ownerId: null }, systemMessage, outboxId)
  }

  return {
    /** Creates a group that the caller owns. A repeated `clientId` answers the first group with `created: false`.
     *  @throws invalid for an invalid title, and for people who cannot be added; client_id_conflict when the first
     *  group differs. */
    async create(
      callerId: UserId,
      { others, title, history, clientId }: GroupDraft
    ): Promise<{ created: boolean; id: ConversationId }> {
      const trimmed = titleOf(title)
      const created = await groups.create({ ownerId: callerId, memberIds: others, title: trimmed, history, clientId })
      if (created.status === 'duplicate') return { created: false, id: created.id }
      if (created.status === 'conflict')
        throw clientIdConflict('You already used this client_id for another group. Send a new one.')
      if (created.status === 'unknown') throw invalid({ participants: created.userIds.map(unknownPerson) })

      const { id, createdAt: at, memberIds: userIds, outboxId } = created
      const base = { conversationId: id, seq: 1 as Seq, memberIds: null, membersSeq: 1 as Seq }
      announce({ type: 'conversation_created', ...base, title: trimmed, userIds, by: callerId, at }, null, outboxId)
      return { created: true, id }
    },

    /** Adds people. Members among them are ignored.
     *  @throws notFound, permission_denied, group_full, not_a_group; invalid for people who cannot be added. */
    async add(callerId: UserId, id: ConversationId, userIds: readonly UserId[]): Promise<void> {
      const action = actionOf(callerId, id, 'add_members')
      const changed = await groups.add(action, [...new Set(userIds)])
      refuse(changed)
      announceMembers('member_joined', action, changed)
    },

    /** Removes people. People who are not members are ignored. @throws notFound, permission_denied, not_a_group. */
    async remove(callerId: UserId, id: ConversationId, userIds: readonly UserId[]): Promise<void> {
      const action = actionOf(callerId, id, 'remove_members')
      const changed = await groups.remove(action, [...new Set(userIds)])
      refuse(changed)
      announceMembers('member_left', action, changed)
    },

    /** Changes the role of a member; `owner` transfers the group.
     *  @throws notFound also when the person is not a member; permission_denied, not_a_group. */
    async setRole(callerId: UserId, id: ConversationId, userId: UserId, role: Role, ip: string): Promise<void> {
      const action = { ...actionOf(callerId, id, role === 'owner' ? 'hand_over' : 'change_roles'), ip }
      const changed = await groups.setRole(action, userId, role)
      if (changed.status === 'unknown') throw notFound()
      refuse(changed)
      if (changed.status !== 'ok') return

      const { seq, membersSeq, outboxId, audited } = changed
      audited.forEach(report)
      const former = role === 'owner' ? [{ userId: callerId, role: 'admin' as const }] : []
      const base = { conversationId: id, seq, memberIds: null, membersSeq }
      const members = [{ userId, role }, ...former]
      announce({ type: 'member_updated', ...base, members, by: callerId, at: new Date(clock()) }, null, outboxId)
    },

    /** Changes title or settings. @throws notFound, permission_denied, not_a_group; invalid for an invalid title. */
    async update(
      callerId: UserId,
      id: ConversationId,
      changes: { readonly title?: string | undefined; readonly history?: HistoryFor | undefined }
    ): Promise<void> {
      const title = changes.title === undefined ? {} : await titleToStore(callerId, id, changes.title)
      const history = changes.history === undefined ? {} : { history: changes.history }
      const action = actionOf(callerId, id, changes.history === undefined ? 'change_title' : 'change_settings')
      const updated = await groups.update(action, { ...title, ...history })
      refuse(updated)
      if (updated.status !== 'ok') return

      const { seq, membersSeq, memberCount, title: newTitle, history: newHistory, systemMessage, outboxId } = updated
      const count = memberCount === null ? {} : { memberCount }
      const base = { conversationId: id, seq, memberIds: null, membersSeq, ...count }
      const facts = { title: newTitle, history: newHistory, by: callerId, at: new Date(clock()) }
      announce({ type: 'conversation_updated', ...base, ...facts }, systemMessage, outboxId)
    },

    /** Members with an id above `after`, ascending; of direct conversations too.
     *  @throws notFound when the conversation is absent or not the caller's. */
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

/** The title without spaces around it. @throws invalid for a title of spaces alone, or one that is no name. */
function titleOf(given: string): string {
  const title = given.trim()
  const problem = titleProblem(title, given)
  if (problem !== null) throw invalid({ title: [problem] })
  return title
}

function titleProblem(title: string, given: string): string | null {
  return title === '' && given === '' ? null : nameProblem(title, limits.shortTextCharacters)
}
