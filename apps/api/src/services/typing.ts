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
import type { Audience, Conversations } from '../ports/conversations.ts'
import type { Announcer } from './announcer.ts'
import type { Target } from './messages.ts'

/** What typing stands on. */
export interface TypingOptions {
  readonly conversations: Pick<Conversations, 'audience' | 'findDirect'>
  readonly announcer: Pick<Announcer, 'courtesy'>
  readonly clock: Clock
}

/** Who types, told as it happens and stored nowhere. */
export type TypingService = ReturnType<typeof typingService>

/** Tells the other members; in conversations of more than `limits.typingMembers` nobody. */
export function typingService({ conversations, announcer, clock }: TypingOptions) {
  return {
    /** The person types from now on, or stopped: in a conversation, or to whom he has one with. Answers which it is.
     *  @throws notFound when it is absent, not his, or across a block. */
    async set(userId: UserId, target: Target, isTyping: boolean): Promise<ConversationId> {
      const conversationId =
        'receiverId' in target ? await conversations.findDirect(userId, target.receiverId) : target.conversationId
      const audience = conversationId === null ? null : await conversations.audience(conversationId, userId)
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

/** To the other person of a direct conversation, to the room of a group. */
function deliveriesOf({ otherIds, membersSeq }: Audience, conversation: ConversationId, event: Event): Delivery[] {
  const frames = [JSON.stringify(event)]
  if (otherIds !== null) {
    return otherIds.map(userId => ({ topics: [userTopic(userId)], envelope: { header: { kind: 'courtesy' }, frames } }))
  }
  const header = { kind: 'courtesy' as const, conversation, members_seq: membersSeq }
  return [{ topics: [roomTopic(conversation)], envelope: { header, frames } }]
}
