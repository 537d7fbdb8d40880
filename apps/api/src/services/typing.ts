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

/** What typing stands on. */
export interface TypingOptions {
  readonly conversations: Pick<Conversations, 'audience'>
  readonly announcer: Pick<Announcer, 'courtesy'>
  readonly clock: Clock
}

/** Who types, told as it happens and stored nowhere. */
export type TypingService = ReturnType<typeof typingService>

/** Tells the other members; in conversations of more than `limits.typingMembers` nobody. */
export function typingService({ conversations, announcer, clock }: TypingOptions) {
  return {
    /** The person types in the conversation from now on, or stopped. @throws notFound when it is absent, not his, or across a block. */
    async set(userId: UserId, conversationId: ConversationId, isTyping: boolean): Promise<void> {
      const audience = await conversations.audience(conversationId, userId)
      if (audience === null) throw notFound()
      if (audience.memberCount > limits.typingMembers) return

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
