import {
  ApiError,
  type ConversationId,
  type Edit,
  invalid,
  limits,
  type MessageId,
  type Message as MessageView,
  notFound,
  rankFor,
  type Seq,
  textProblem,
  type UserId
} from '@rendezvous/contract'
import type { MessageChange } from '../ports/changes.ts'
import type { MessageChanged, MessageChanges, OfMessage, Reactor } from '../ports/message-changes.ts'
import type { Messages } from '../ports/messages.ts'
import type { Announcer } from './announcer.ts'
import { messageView } from './views.ts'

/** What changes of messages stand on. */
export interface MessageChangeServiceOptions {
  readonly changes: MessageChanges
  readonly messages: Pick<Messages, 'findForMember'>
  readonly announcer: Pick<Announcer, 'announce'>
}

/** Where a change was made, for an ack: null when there was nothing to change. */
export type Place = Seq | null

/** Edits, deletions, reactions and pins, and what is to read of them. */
export type MessageChangeService = ReturnType<typeof messageChangeService>

/** What a change is, without its place. */
type What<Each = MessageChange> = Each extends MessageChange
  ? Omit<Each, 'messageId' | 'messageSeq' | 'userId' | 'at'>
  : never

/** Changes messages kept in `changes`, and tells every member. Each throws notFound for what is not the caller's to see. */
export function messageChangeService({ changes, messages, announcer }: MessageChangeServiceOptions) {
  function settle({ conversationId, messageId, actorId }: OfMessage, changed: MessageChanged, what: What): Place {
    if (changed.status === 'unchanged') return null
    if (changed.status !== 'ok') throw refusals[changed.status](what)

    const { seq, messageSeq, at, memberIds, membersSeq, outboxId } = changed
    const of = { messageId, messageSeq, userId: actorId, at }
    announcer.announce([{ conversationId, seq, memberIds, membersSeq, ...of, ...what }], [outboxId])
    return seq
  }

  return {
    /** Another text for a message of the caller's own. @throws permission_denied; invalid for a text that is none, and for mentions. */
    async edit(
      which: OfMessage,
      text: { readonly content: string; readonly mentions?: readonly UserId[] }
    ): Promise<Place> {
      const problem = textProblem(text.content, limits.messageCharacters)
      if (problem !== null) throw invalid({ content: [problem] })
      const mentions = [...new Set(text.mentions ?? [])]
      const changed = await changes.edit(which, { content: text.content, mentions })
      return settle(which, changed, { type: 'message_edited', content: text.content, mentions })
    },

    /** Deletes a message: the caller's own, or in a group as one who may delete any. @throws permission_denied */
    async remove(which: OfMessage): Promise<Place> {
      const changed = await changes.remove(which, rankFor('delete_any_message'))
      return settle(which, changed, { type: 'message_deleted' })
    },

    /** Adds a reaction of the caller's, or takes it back. @throws invalid when as many different ones as may be are there. */
    async react(which: OfMessage, emoji: string, isAdded: boolean): Promise<Place> {
      const changed = await changes.react(which, emoji, isAdded)
      return settle(which, changed, { type: isAdded ? 'reaction_added' : 'reaction_removed', emoji })
    },

    /** Pins a message, or takes the pin back. @throws permission_denied; invalid when as many pins as may be are there. */
    async pin(which: OfMessage, isPinned: boolean): Promise<Place> {
      const changed = await changes.pin(which, isPinned, rankFor('pin'))
      return settle(which, changed, { type: isPinned ? 'message_pinned' : 'message_unpinned' })
    },

    /** A message as the caller sees it. */
    async find({ conversationId, messageId, actorId }: OfMessage): Promise<MessageView> {
      const found = await messages.findForMember(conversationId, messageId, actorId)
      if (found === null) throw notFound()
      return messageView(found)
    },

    /** The texts a message had before, the newest last. @throws permission_denied for a member who may not read them. */
    async edits(which: OfMessage): Promise<Edit[]> {
      const found = await messages.findForMember(which.conversationId, which.messageId, which.actorId)
      if (found === null) throw notFound()
      const isOwn = found.senderId === which.actorId
      const edits = await changes.edits(which, isOwn ? rankFor('read') : rankFor('read_edits'))
      if (edits === null) throw new ApiError('permission_denied')
      return edits
    },

    /** Who reacted, by emoji and then by user id, above `after`. */
    async reactions(which: OfMessage, page: Parameters<MessageChanges['reactions']>[1]): Promise<readonly Reactor[]> {
      const found = await changes.reactions(which, page)
      if (found === null) throw notFound()
      return found
    },

    /** The pinned messages, the last pinned first. */
    async pins(callerId: UserId, conversationId: ConversationId): Promise<MessageView[]> {
      const found = await changes.pins(conversationId, callerId)
      if (found === null) throw notFound()
      return found.map(messageView)
    }
  }
}

/** Names a message of a conversation for `actorId`. */
export function messageOf(actorId: UserId, conversationId: ConversationId, messageId: MessageId): OfMessage {
  return { actorId, conversationId, messageId }
}

const refusals = {
  not_found: notFound,
  forbidden: () => new ApiError('permission_denied'),
  bad_mention: () => invalid({ mentions: ['Only members of the conversation can be mentioned.'] }),
  full: ({ type }: What) =>
    type === 'message_pinned'
      ? invalid({ non_field_errors: [`A conversation has ${limits.pins} pinned messages at most.`] })
      : invalid({ emoji: [`A message has ${limits.reactionKinds} different reactions at most.`] })
}
