import {
  ApiError,
  type ConversationId,
  type Edit,
  emojiProblem,
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
import type { ChatAnnouncer } from '../announcer.ts'
import type { MessageChange } from '../changes/port.ts'
import type { Messages } from '../messages/port.ts'
import { writeReferring } from '../messages/references.ts'
import { messageView } from '../messages/view.ts'
import { wordsOf } from '../words/words.ts'
import type { MessageChanged, MessageChanges, MessageRef, Reactor } from './port.ts'

/** The ports of the service for changes of messages. */
export interface MessageChangeServiceOptions {
  readonly changes: MessageChanges
  readonly messages: Pick<Messages, 'findForMember' | 'references'>
  readonly announcer: Pick<ChatAnnouncer, 'announce'>
}

/** The seq of a change, for an ack; null when nothing changed. */
export type ChangeSeq = Seq | null

/** Edits, deletes, reacts to and pins messages, and lists edits, reactions and pins. */
export type MessageChangeService = ReturnType<typeof messageChangeService>

/** A change without the fields that the database answers. */
type ChangeFacts<Each = MessageChange> = Each extends MessageChange
  ? Omit<Each, 'messageId' | 'messageSeq' | 'userId' | 'at'>
  : never

/** Changes messages through the port `changes`, and announces each change to every member. Every method throws notFound
 *  for a conversation or message that is not visible to the caller. */
export function messageChangeService({ changes, messages, announcer }: MessageChangeServiceOptions) {
  function announceChange(
    { conversationId, messageId, actorId }: MessageRef,
    changed: MessageChanged,
    facts: ChangeFacts
  ): ChangeSeq {
    if (changed.status === 'unchanged') return null
    if (changed.status !== 'ok') throw refusals[changed.status](facts)

    const { seq, messageSeq, at, memberIds, membersSeq, outboxId } = changed
    const of = { messageId, messageSeq, userId: actorId, at }
    announcer.announce([{ conversationId, seq, memberIds, membersSeq, ...of, ...facts }], [outboxId])
    return seq
  }

  return {
    /** Replaces the text of one of the caller's messages.
     *  Mentions of people who left are dropped.
     *  @throws permission_denied; invalid for an invalid text, and for mentions of people who never were members. */
    async edit(
      which: MessageRef,
      text: { readonly content: string; readonly mentions?: readonly UserId[] }
    ): Promise<{ readonly seq: ChangeSeq; readonly droppedMentions: UserId[] }> {
      const problem = textProblem(text.content, limits.messageCharacters)
      if (problem !== null) throw invalid({ content: [problem] })
      const mentions = [...new Set(text.mentions ?? [])]
      const given = { content: text.content, words: wordsOf(text.content), mentions }
      const place = [which.conversationId, which.actorId] as const
      const { text: written, answer } = await writeReferring(messages, place, given, each => changes.edit(which, each))
      const stored = { content: written.content, mentions: written.mentions }
      const seq = announceChange(which, answer, { type: 'message_edited', ...stored })
      return { seq, droppedMentions: mentions.filter(id => !stored.mentions.includes(id)) }
    },

    /** Deletes one of the caller's messages, or any message when the caller's role allows it.
     *  @throws permission_denied */
    async remove(which: MessageRef): Promise<ChangeSeq> {
      const changed = await changes.remove(which, rankFor('delete_any_message'))
      return announceChange(which, changed, { type: 'message_deleted' })
    },

    /** Adds a reaction of the caller, or removes it.
     *  @throws invalid for an added reaction with an invisible character, and when the message has `limits.reactionKinds` different reactions. */
    async react(which: MessageRef, emoji: string, isAdded: boolean): Promise<ChangeSeq> {
      const problem = isAdded ? emojiProblem(emoji) : null // an invisible one of an earlier release can be removed
      if (problem !== null) throw invalid({ emoji: [problem] })
      const changed = await changes.react(which, emoji, isAdded)
      const spelling = changed.status === 'ok' ? (changed.emoji ?? emoji) : emoji
      return announceChange(which, changed, { type: isAdded ? 'reaction_added' : 'reaction_removed', emoji: spelling })
    },

    /** Pins a message, or unpins it.
     *  @throws permission_denied; invalid when the conversation has `limits.pins` pinned messages. */
    async pin(which: MessageRef, isPinned: boolean): Promise<ChangeSeq> {
      const changed = await changes.pin(which, isPinned, rankFor('pin'))
      return announceChange(which, changed, { type: isPinned ? 'message_pinned' : 'message_unpinned' })
    },

    /** A message as the caller sees it. */
    async find({ conversationId, messageId, actorId }: MessageRef): Promise<MessageView> {
      const found = await messages.findForMember(conversationId, messageId, actorId)
      if (found === null) throw notFound()
      return messageView(found)
    },

    /** The earlier texts of a message, the newest last.
     *  @throws permission_denied for a member who may not read them. */
    async edits(which: MessageRef): Promise<Edit[]> {
      const found = await messages.findForMember(which.conversationId, which.messageId, which.actorId)
      if (found === null) throw notFound()
      const isOwn = found.senderId === which.actorId
      const edits = await changes.edits(which, isOwn ? rankFor('read') : rankFor('read_edits'))
      if (edits === null) throw new ApiError('permission_denied')
      return edits
    },

    /** Reactions above `after`, by emoji and then by user id. */
    async reactions(which: MessageRef, page: Parameters<MessageChanges['reactions']>[1]): Promise<readonly Reactor[]> {
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

/** Refers to a message of a conversation on which `actorId` acts. */
export function messageOf(actorId: UserId, conversationId: ConversationId, messageId: MessageId): MessageRef {
  return { actorId, conversationId, messageId }
}

const refusals = {
  not_found: notFound,
  forbidden: () => new ApiError('permission_denied'),
  bad_mention: () => invalid({ mentions: ['Only members of the conversation can be mentioned.'] }),
  full: ({ type }: ChangeFacts) =>
    type === 'message_pinned'
      ? invalid({ non_field_errors: [`A conversation has at most ${limits.pins} pinned messages. Unpin one first.`] })
      : invalid({ emoji: [`A message has at most ${limits.reactionKinds} different reactions. Use one of them.`] })
}
