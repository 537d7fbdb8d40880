import type { Names } from './mapping.ts'

const account = {
  id: 'id',
  username: 'username',
  email: 'email',
  password: 'password',
  first_name: 'first_name',
  last_name: 'last_name',
  is_active: 'is_active',
  date_joined: 'date_joined',
  last_seen: 'last_login'
}
const about = {
  bio: 'bio',
  avatar: 'avatar',
  birth_date: 'birth_date',
  gender: 'gender',
  location: 'location',
  phone: 'phone',
  locale: 'locale'
}
const block = {
  table: 'matching_block',
  columns: { blocker: 'blocker_id', blocked: 'blocked_id', created_at: 'created_at' }
}
const state = {
  is_read: 'is_read',
  read_at: 'read_at',
  is_delivered: 'is_delivered',
  delivered_at: 'delivered_at',
  status: 'status',
  is_deleted: 'is_deleted'
}

/** The names that a Django project of each kind would have. Nobody's are exactly these: a mapping file says how they differ. */
export const shapes = {
  /** The backend with conversations and matching: a user model of its own. */
  'chat-matching': {
    defaults: {
      people: {
        table: 'accounts_user',
        columns: { ...account, ...about, avatar: 'profile_picture', last_seen: 'last_activity' }
      },
      profiles: null,
      conversations: {
        table: 'conversations_conversation',
        columns: {
          id: 'id',
          title: 'title',
          is_group: 'is_group',
          created_by: 'created_by_id',
          created_at: 'created_at'
        }
      },
      participants: {
        table: 'conversations_conversation_participants',
        columns: { conversation: 'conversation_id', person: 'user_id' }
      },
      messages: {
        table: 'conversations_message',
        columns: {
          ...{ id: 'id', conversation: 'conversation_id', sender: 'sender_id', content: 'content' },
          ...{ created_at: 'created_at', type: 'message_type', file: 'file', ...state }
        }
      },
      readers: null,
      blocks: block
    },
    notYet: { likes: 'matching_like', matches: 'matching_match', preferences: 'matching_preference' }
  },
  /** The backend of pairs: Django's own users, a profile beside them, messages that name their receiver. */
  gmessagerie: {
    defaults: {
      people: { table: 'auth_user', columns: account },
      profiles: { table: 'accounts_profile', columns: { person: 'user_id', ...about, last_seen: 'last_seen' } },
      conversations: null,
      participants: null,
      messages: {
        table: 'chat_message',
        columns: {
          ...{ id: 'id', sender: 'sender_id', receiver: 'receiver_id', content: 'content' },
          ...{ created_at: 'created_at', type: 'message_type', file: 'file', ...state }
        }
      },
      readers: null,
      blocks: null
    },
    notYet: {}
  }
} as const satisfies Record<string, Omit<Names, 'given'>>

/** The name of a shape. */
export type Shape = keyof typeof shapes
