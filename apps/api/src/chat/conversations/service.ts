import {
  type ConversationId,
  type Conversation as ConversationView,
  type HistoryFor,
  invalid,
  limits,
  notFound,
  type OpenedConversation,
  textProblem,
  type UserId
} from '@rendezvous/contract'
import type { Report } from '../../audit/port.ts'
import type { PresenceService } from '../../people/presence/service.ts'
import type { ChatAnnouncer } from '../announcer.ts'
import type { Change } from '../changes/port.ts'
import type { GroupService } from '../groups/service.ts'
import { type MessageService, unknownPerson } from '../messages/service.ts'
import { conversationView } from '../messages/view.ts'
import { openAndAnnounce } from './direct.ts'
import type { Conversation, ConversationCursor, Conversations } from './port.ts'

/** A conversation to open. `group` is true when the request asks for a group. `title`, `history` and `clientId` are for
 *  groups alone. */
export interface NewConversation {
  readonly participants: readonly UserId[]
  readonly group: boolean
  /** '' for none. */
  readonly title: string
  readonly history: HistoryFor
  /** The idempotency key of a new group, unique per caller, and of `message`. */
  readonly clientId?: string | undefined
  /** The text of the caller's first message in it. */
  readonly message?: string | undefined
}

/** A page of conversations, the last active first. `next` is null on the last page. */
export interface ConversationList {
  readonly conversations: readonly ConversationView[]
  readonly next: ConversationCursor | null
}

/** The ports of the conversation service. */
export interface ConversationServiceOptions {
  readonly conversations: Conversations
  readonly groups: Pick<GroupService, 'create'>
  readonly messages: Pick<MessageService, 'send'>
  readonly presence: Pick<PresenceService, 'online'>
  readonly announcer: Pick<ChatAnnouncer, 'announce'>
  readonly report: Report
  readonly clock: () => number
}

/** Opens, lists, reads and leaves conversations. */
export type ConversationService = ReturnType<typeof conversationService>

/** The service over the conversations of the port `conversations`. */
export function conversationService(options: ConversationServiceOptions) {
  const { conversations, groups, messages, presence, announcer, report, clock } = options

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
        next: last === undefined ? null : { activeAt: last.activeAt, id: last.id }
      }
    },

    /** Opens the direct conversation with one person, or brings the caller back into it. One that the caller
     *  is in is answered with `duplicate: true`. Several people, or `group`, create a group; a repeated `clientId`
     *  answers the first group with `duplicate: true`. Then `message` is sent: when that fails, the conversation stays,
     *  and a repeated request sends it.
     *  @throws invalid when nobody is named, and for people who are absent or across a block;
     *  client_id_conflict when the first group differs; notFound when the caller has left the first group. */
    async open(
      callerId: UserId,
      { participants, group, title, history, clientId, message }: NewConversation
    ): Promise<OpenedConversation> {
      const problem = message === undefined ? null : textProblem(message, limits.messageCharacters)
      if (problem !== null) throw invalid({ message: [problem] })
      const say = async (conversationId: ConversationId) => {
        if (message !== undefined) await messages.send(callerId, { conversationId }, { content: message, clientId })
      }
      const others = [...new Set(participants)].filter(id => id !== callerId)
      if (group || others.length > 1) {
        const { created, id } = await groups.create(callerId, { others, title, history, clientId })
        await say(id)
        return { ...(await viewFor(id, callerId)), duplicate: !created }
      }
      const peerId = others[0] ?? participants[0] // the caller's own id alone: the conversation for their notes
      if (peerId === undefined) throw invalid({ participants: ['Name at least one person.'] })

      const opened = await openAndAnnounce(conversations, announcer, clock, callerId, peerId)
      if (opened === null) throw invalid({ participants: [unknownPerson(peerId)] })
      await say(opened.id)
      return { ...(await viewFor(opened.id, callerId)), duplicate: opened.status === 'existing' }
    },

    /** @throws notFound when it is absent or not the caller's. */
    find: (callerId: UserId, id: ConversationId) => viewFor(id, callerId),

    /** Removes the caller from the conversation, and announces it.
     *  @throws notFound when it is absent or not the caller's. */
    async leave(callerId: UserId, id: ConversationId, ip: string): Promise<void> {
      const left = await conversations.leave(id, callerId, ip)
      if (left === null) throw notFound()

      const { seq, memberIds, memberCount, ownerId, outboxId, systemMessage, audited } = left
      audited.forEach(report)
      const count = memberCount === null ? {} : { memberCount }
      const base = { conversationId: id, membersSeq: seq, memberIds, ...count }
      const leaving = { userIds: [callerId], by: callerId, ownerId, at: new Date(clock()) }
      const message: Change[] =
        systemMessage === null
          ? []
          : [{ type: 'message_created', ...base, seq: systemMessage.seq, message: systemMessage, rejoinedIds: [] }]
      announcer.announce([{ type: 'member_left', ...base, seq, ...leaving }, ...message], [outboxId])
    }
  }
}
