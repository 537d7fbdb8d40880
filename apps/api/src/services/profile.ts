import { type Profile, timestamp, type User } from '@rendezvous/contract'
import type { ProfileRow, PublicUserRow } from '../ports/users.ts'

/** A person as others see him. */
export function publicUser(row: PublicUserRow, online: boolean): User {
  return {
    id: row.id,
    username: row.username,
    first_name: row.firstName,
    last_name: row.lastName,
    bio: row.bio,
    avatar: row.avatar,
    gender: row.gender,
    location: row.location,
    is_online: online,
    online,
    status: online ? 'online' : 'offline',
    last_seen: row.lastSeen === null ? null : timestamp(row.lastSeen),
    date_joined: timestamp(row.dateJoined)
  }
}

/** A person as he sees himself. */
export function ownProfile(row: ProfileRow, online: boolean): Profile {
  const { email, phone, birthDate, locale } = row
  return { ...publicUser(row, online), email, phone, birth_date: birthDate, locale }
}
