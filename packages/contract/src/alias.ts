/**
 * Other names under which clients of Django backends send a field, by the field's name in the contract. They are
 * read only on paths of the two Django backends. A name listed under several fields belongs to the one in the
 * request's schema.
 */
export const aliases: Readonly<Record<string, readonly string[]>> = Object.freeze({
  username: ['email', 'user', 'login', 'identifier'],
  participants: [
    'participant_ids',
    'participants_ids',
    'members',
    'member_ids',
    'users',
    'user_ids',
    'participant_id',
    'participant',
    'user_id',
    'other_user_id',
    'other_user',
    'recipient_id',
    'recipient',
    'receiver_id',
    'user',
    'receiver'
  ],
  receiver: ['receiver_id', 'to', 'recipient', 'recipient_id', 'to_user', 'user_id'],
  title: ['name'],
  is_group: ['type', 'conversation_type'],
  content: ['text', 'body', 'message'],
  message: ['initial_message', 'first_message', 'content', 'text', 'body'],
  message_type: ['type', 'kind'],
  password: ['password1'],
  password_confirm: ['password2', 'password_confirmation', 'confirm_password', 're_password'],
  old_password: ['current_password', 'password'],
  new_password: ['new_password1', 'password1'],
  new_password_confirm: ['new_password2', 'confirm_new_password', 'confirm_password', 'password2', 're_new_password'],
  refresh: ['refresh_token'],
  is_online: ['online', 'status'],
  birth_date: ['date_of_birth', 'birthdate'],
  phone: ['phone_number'],
  gender: ['sex']
})

/** Words that are read as a boolean, by the field's name. Django REST framework's own words are read too. */
export const booleanWords: Readonly<Record<string, Readonly<Record<string, boolean>>>> = Object.freeze({
  is_online: { online: true, offline: false, away: false, busy: true },
  is_group: {
    group: true,
    direct: false,
    private: false,
    individual: false,
    one_to_one: false,
    'one-to-one': false,
    dm: false
  }
})
