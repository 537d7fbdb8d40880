import { type Clock, type Delivery, roomTopic, userTopic } from '@rendezvous/cluster'
import {
  type ConversationId,
  EVENT_VERSION,
  type Event,
  limits,
  notFound,
  timestamp,
  type UserId
} from '@rendezvous/contract'
import type { ChatAnnouncer } from '../announcer.ts'
import type { Conversations, Recipients } from '../conversations/port.ts'
import type { Target } from '../messages/service.ts'

/** The ports of the typing service. */
export interface TypingOptions {
  readonly conversations: Pick<Conversations, 'recipients' | 'findDirect'>
  readonly announcer: Pick<ChatAnnouncer, 'courtesy'>
  readonly clock: Clock
}

/** Announces who is typing. Nothing is stored. */
export type TypingService = ReturnType<typeof typingService>

/** Announces typing to the other members. In conversations of more than `limits.typingMembers` people it announces
 *  nothing. */
export function typingService({ conversations, announcer, clock }: TypingOptions) {
  return {
    /** Announces that the user types, or stopped. `target` is a conversation, or the other person of a direct one.
     *  Answers the conversation.
     *  @throws notFound when the conversation is absent, not the user's, or across a block. */
    async set(userId: UserId, target: Target, isTyping: boolean): Promise<ConversationId> {
      const conversationId =
        'receiverId' in target ? await conversations.findDirect(userId, target.receiverId) : target.conversationId
      const audience = conversationId === null ? null : await conversations.recipients(conversationId, userId)
      if (conversationId === null || audience === null) throw notFound()
      if (audience.memberCount > limits.typingMembers) return conversationId

      const event: Event = {
        type: 'typing',
        conversation_id: conversationId,
        user_id: userId,
        is_typing: isTyping,
        expires_in_ms: isTyping ? limits.typingMs : 0,
        v: EVENT_VERSION,
        at: timestamp(new Date(clock()))
      }
      announcer.courtesy(deliveriesOf(audience, conversationId, event), 'typing')
      return conversationId
    }
  }
}

/** One delivery for the other person of a direct conversation, or for the room of a group. */
function deliveriesOf({ otherIds, membersSeq }: Recipients, conversation: ConversationId, event: Event): Delivery[] {
  const frames = [JSON.stringify(event)]
  if (otherIds !== null) {
    return otherIds.map(userId => ({ topics: [userTopic(userId)], envelope: { header: { kind: 'courtesy' }, frames } }))
  }
  const header = { kind: 'courtesy' as const, conversation, members_seq: membersSeq }
  return [{ topics: [roomTopic(conversation)], envelope: { header, frames } }]
}
