import { Type } from 'typebox'
import { ConversationId, Timestamp, UserId } from '../scalar.ts'
import { sequenced } from './common.ts'

export const ConversationCreated = Type.Object(
  {
    type: Type.Literal('conversation_created'),
    conversation_id: ConversationId,
    conversation_type: Type.Literal('direct'),
    participant_ids: Type.Array(UserId),
    created_by: UserId,
    created_at: Timestamp,
    ...sequenced
  },
  { $id: 'ConversationCreated', description: 'A conversation one belongs to was created' }
)

const membership = { conversation_id: ConversationId, user_id: UserId, ...sequenced }
export const MemberJoined = Type.Object(
  { type: Type.Literal('member_joined'), ...membership },
  { $id: 'MemberJoined', description: 'Somebody came (back) into the conversation' }
)
export const MemberLeft = Type.Object(
  { type: Type.Literal('member_left'), ...membership },
  { $id: 'MemberLeft', description: 'Somebody left the conversation' }
)
