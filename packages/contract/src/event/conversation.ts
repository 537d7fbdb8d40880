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
  { $id: 'ConversationCreated', description: 'A conversation of which the receiver is a member was created' }
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
  {
    $id: 'ConversationUpdated',
    description: 'The title or settings of a group changed to these values. `user_id` changed them'
  }
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
    description:
      '`user_ids` joined the conversation or joined it again; `user_id` is the first of them. `by` added them.'
  }
)
export const MemberLeft = Type.Object(
  { type: Type.Literal('member_left'), ...membership, owner_id: Nullable(UserId) },
  {
    $id: 'MemberLeft',
    description:
      '`user_ids` are no longer members; `user_id` is the first of them. `by` removed them, and equals `user_id` if they left. `owner_id` is the new owner if the owner left, else null.'
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
  { $id: 'MemberUpdated', description: 'The roles of these members changed to these values' }
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
    description: `A member started or stopped typing. Typing ends after \`expires_in_ms\` unless the event is repeated. Sent in conversations of at most ${limits.typingMembers} members.`
  }
)
