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
  tables: ['matching_block'],
  models: ['block'],
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

const userModels = ['user', 'customuser']

/** The names that a Django project of each backend would have. A mapping file gives the names that differ. */
export const shapes = {
  /** The second backend: a user model of its own, conversations and matching. */
  'chat-matching': {
    defaults: {
      people: {
        tables: ['accounts_user', 'users_user', 'auth_user'],
        models: userModels,
        columns: { ...account, ...about, avatar: 'profile_picture', last_seen: 'last_activity' }
      },
      profiles: null,
      conversations: {
        tables: ['conversations_conversation', 'chat_conversation'],
        models: ['conversation'],
        columns: {
          id: 'id',
          title: 'title',
          is_group: 'is_group',
          created_by: 'created_by_id',
          created_at: 'created_at'
        }
      },
      participants: {
        tables: ['conversations_conversation_participants', 'chat_conversation_participants'],
        models: ['conversation_participants'],
        columns: { conversation: 'conversation_id', person: 'user_id' }
      },
      messages: {
        tables: ['conversations_message', 'chat_message'],
        models: ['message'],
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
  /** The first backend: a user model of its own, and messages that name their receiver, in the app `accounts`. A
   *  project of its document alone has Django's own users, a table of profiles, and an app `chat`. */
  gmessagerie: {
    defaults: {
      people: { tables: ['accounts_user', 'auth_user'], models: userModels, columns: account },
      profiles: {
        tables: ['accounts_profile'],
        models: ['profile', 'userprofile'],
        columns: { person: 'user_id', ...about, last_seen: 'last_seen' }
      },
      conversations: null,
      participants: null,
      messages: {
        tables: ['accounts_message', 'chat_message'],
        models: ['message'],
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
