import {
  type ConversationId,
  type Conversation as ConversationView,
  type HistoryFor,
  invalid,
  notFound,
  type OpenedConversation,
  type UserId
} from '@rendezvous/contract'
import type { Change } from '../ports/changes.ts'
import type { Conversation, ConversationCursor, Conversations } from '../ports/conversations.ts'
import type { Announcer } from './announcer.ts'
import { openAndTell } from './directory.ts'
import type { GroupService } from './groups.ts'
import { unknownPerson } from './messages.ts'
import type { PresenceService } from './presence.ts'
import { conversationView } from './views.ts'

/** Whom to talk with. `group` is true when a group was asked for in so many words; what follows is a group's. */
export interface Opening {
  readonly participants: readonly UserId[]
  readonly group: boolean
  /** '' for none. */
  readonly title: string
  readonly history: HistoryFor
  /** What the caller calls this making of a group, so that he can repeat it. */
  readonly clientId?: string | undefined
}

/** Conversations, the last changed first; `next` is where the list goes on, null at its end. */
export interface ConversationList {
  readonly conversations: readonly ConversationView[]
  readonly next: ConversationCursor | null
}

/** What conversations stand on. */
export interface ConversationServiceOptions {
  readonly conversations: Conversations
  readonly groups: Pick<GroupService, 'create'>
  readonly presence: Pick<PresenceService, 'online'>
  readonly announcer: Pick<Announcer, 'announce'>
  readonly clock: () => number
}

/** Conversations: opened, listed, left. */
export type ConversationService = ReturnType<typeof conversationService>

/** The conversations kept in `conversations`. */
export function conversationService(options: ConversationServiceOptions) {
  const { conversations, groups, presence, announcer, clock } = options

  async function views(found: readonly Conversation[]): Promise<ConversationView[]> {
    const people = found.flatMap(({ participants }) => participants.filter(({ hidden }) => !hidden).map(({ id }) => id))
    const online = await presence.online(people)
    return found.map(conversation => conversationView(conversation, online))
  }

  async function viewFor(id: ConversationId, userId: UserId): Promise<ConversationView> {
    const found = await conversations.findForMember(id, userId)
    const [view] = await views(found === null ? [] : [found])
    if (view === undefined) throw notFound()
    return view
  }

  return {
    async list(
      callerId: UserId,
      page: { readonly limit: number; readonly before?: ConversationCursor }
    ): Promise<ConversationList> {
      const found = await conversations.listFor(callerId, page)
      const last = found.hasMore ? found.conversations.at(-1) : undefined
      return {
        conversations: await views(found.conversations),
        next: last === undefined ? null : { changedAt: last.changedAt, id: last.id }
      }
    },

    /** Opens the conversation with the one other person, brings the caller back into one he left, or answers the one there is, a
     *  `duplicate`. Several people, or `group`, make a new group, of one `clientId` once.
     *  @throws invalid for nobody but oneself, and for people who are absent or across a block; client_id_conflict; notFound when a group that
     *  was made before under the `clientId` is no longer the caller's. */
    async open(
      callerId: UserId,
      { participants, group, title, history, clientId }: Opening
    ): Promise<OpenedConversation> {
      const others = [...new Set(participants)].filter(id => id !== callerId)
      if (group || others.length > 1) {
        const { created, id } = await groups.create(callerId, { others, title, history, clientId })
        return { ...(await viewFor(id, callerId)), duplicate: !created }
      }
      const [peerId] = others
      if (peerId === undefined) throw invalid({ participants: ['Name another person than yourself.'] })

      const opened = await openAndTell(conversations, announcer, clock, callerId, peerId)
      if (opened === null) throw invalid({ participants: [unknownPerson(peerId)] })
      return { ...(await viewFor(opened.id, callerId)), duplicate: opened.status === 'existing' }
    },

    /** @throws notFound when it is absent or not the caller's. */
    find: (callerId: UserId, id: ConversationId) => viewFor(id, callerId),

    /** Takes the caller out, and tells both people.
     *  @throws notFound when it is absent or he is not in it. */
    async leave(callerId: UserId, id: ConversationId): Promise<void> {
      const left = await conversations.leave(id, callerId)
      if (left === null) throw notFound()

      const { seq, memberIds, ownerId, outboxId, said } = left
      const placed = { conversationId: id, membersSeq: seq, memberIds }
      const who = { userIds: [callerId], by: callerId, ownerId, at: new Date(clock()) }
      const message: Change[] =
        said === null ? [] : [{ type: 'message_created', ...placed, seq: said.seq, message: said, rejoinedIds: [] }]
      announcer.announce([{ type: 'member_left', ...placed, seq, ...who }, ...message], [outboxId])
    }
  }
}
