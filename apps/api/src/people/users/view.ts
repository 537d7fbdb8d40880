import { type Profile, timestamp, type User, type UserId } from '@rendezvous/contract'
import type { ProfileRow, PublicUserRow, SeenUser } from './port.ts'

/** A user as the viewer of `row` sees them. `online` has the ids of users who are online. */
export function seenUser(row: SeenUser, online: ReadonlySet<UserId>): User {
  return publicUser(row, !row.hidden && online.has(row.id))
}

function publicUser(row: PublicUserRow, online: boolean): User {
  const lastSeen = row.lastSeen === null ? null : timestamp(row.lastSeen)
  return {
    id: row.id,
    username: row.username,
    first_name: row.firstName,
    last_name: row.lastName,
    bio: row.bio,
    avatar: row.avatar,
    profile_picture: row.avatar,
    gender: row.gender,
    location: row.location,
    is_online: online,
    online,
    status: online ? 'online' : 'offline',
    last_seen: lastSeen,
    last_activity: lastSeen,
    is_active: true,
    date_joined: timestamp(row.dateJoined)
  }
}

/** A user's own profile. */
export function ownProfile(row: ProfileRow, online: boolean): Profile {
  const { email, phone, birthDate, locale, lastSeenVisibility, findable } = row
  const shared = { email, locale, last_seen_visibility: lastSeenVisibility, findable }
  const own = { ...shared, phone, phone_number: phone, birth_date: birthDate, date_of_birth: birthDate }
  return { ...publicUser(row, online), ...own }
}
