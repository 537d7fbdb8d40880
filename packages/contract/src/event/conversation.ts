import { Type } from 'typebox'
import { ConversationType, HistoryFor, Role } from '../group.ts'
import { limits } from '../limits.ts'
import { ConversationId, Nullable, Timestamp, UserId } from '../scalar.ts'
import { live, sequenced } from './common.ts'

export const ConversationCreated = Type.Object(
  {
    type: Type.Literal('conversation_created'),
    conversation_id: ConversationId,
    conversation_type: ConversationType,
    title: Nullable(Type.String()),
    participant_ids: Type.Array(UserId),
    created_by: UserId,
    created_at: Timestamp,
    ...sequenced
  },
  { $id: 'ConversationCreated', description: 'A conversation one belongs to was created' }
)
export const ConversationUpdated = Type.Object(
  {
    type: Type.Literal('conversation_updated'),
    conversation_id: ConversationId,
    user_id: UserId,
    title: Nullable(Type.String()),
    name: Nullable(Type.String()),
    history: HistoryFor,
    ...sequenced
  },
  { $id: 'ConversationUpdated', description: 'Title or settings of a group are these now; `user_id` changed them' }
)

const People = Type.Array(UserId, { minItems: 1, maxItems: limits.idsPerRequest })
const membership = {
  conversation_id: ConversationId,
  user_id: UserId,
  user_ids: People,
  by: UserId,
  ...sequenced
}
export const MemberJoined = Type.Object(
  { type: Type.Literal('member_joined'), ...membership },
  {
    $id: 'MemberJoined',
    description: '`user_ids` came (back) into the conversation; `user_id` is the first of them. `by` let them in.'
  }
)
export const MemberLeft = Type.Object(
  { type: Type.Literal('member_left'), ...membership, owner_id: Nullable(UserId) },
  {
    $id: 'MemberLeft',
    description:
      '`user_ids` are out of the conversation; `user_id` is the first of them. `by` took them out, himself when he left. `owner_id` is who owns the group since the owner left, else null.'
  }
)
export const MemberUpdated = Type.Object(
  {
    type: Type.Literal('member_updated'),
    conversation_id: ConversationId,
    members: Type.Array(Type.Object({ user_id: UserId, role: Role }), { minItems: 1, maxItems: 2 }),
    by: UserId,
    ...sequenced
  },
  { $id: 'MemberUpdated', description: 'These members have these roles now' }
)

export const Typing = Type.Object(
  {
    type: Type.Literal('typing'),
    conversation_id: ConversationId,
    user_id: UserId,
    is_typing: Type.Boolean(),
    expires_in_ms: Type.Integer({ minimum: 0, maximum: limits.typingMs }),
    ...live
  },
  {
    $id: 'Typing',
    description: `Somebody types, for \`expires_in_ms\` unless told again. In conversations of ${limits.typingMembers} members at most.`
  }
)
