import { randomUUID } from 'node:crypto'
import type { UserId } from '@rendezvous/contract'
import { databaseUsers } from '../../src/adapters/users.ts'
import type { OpenDatabase } from '../../src/database/open.ts'
import type { Statement } from '../../src/database/port.ts'
import type { SessionState, Sessions } from '../../src/ports/sessions.ts'
import type { NewUser, ProfileRow, Users } from '../../src/ports/users.ts'
import type { HashEngine } from '../../src/services/passwords.ts'

/** What every person made here has for a password hash, under `plainEngine` that of `PASSWORD`. */
export const HASH = '$plain$correct horse'
export const PASSWORD = 'correct horse'

/** Keeps passwords as they are, so that tests need no real hashing. */
export const plainEngine: HashEngine = {
  hash: async password => `$plain$${password}`,
  verifies: { $plain$: async (hash, password) => hash === `$plain$${password}` }
}

/** Registers a person and answers his profile. */
export async function addPerson(users: Users, person: Partial<NewUser> = {}): Promise<ProfileRow> {
  const username = person.username ?? `person-${randomUUID()}`
  const saved = await users.register({ passwordHash: HASH, ...person, username })
  if (!saved.ok) throw new Error(`taken: ${saved.taken}`)
  return saved.profile
}

/** The adapter over an open database. */
export function usersOf({ database, prisma }: OpenDatabase): Users {
  return databaseUsers(database, prisma)
}

export type Fate = 'deleted' | 'inactive'

const fates: Record<Fate, Statement> = {
  deleted: { name: 'test_delete_person', text: 'UPDATE person SET deleted_at = now() WHERE id = $1' },
  inactive: { name: 'test_deactivate_person', text: 'UPDATE person SET is_active = false WHERE id = $1' }
}

/** Deletes or deactivates a person, as an administrator would. */
export async function dispose({ database }: OpenDatabase, userId: UserId, fate: Fate): Promise<void> {
  await database.query(fates[fate], [userId])
}

/** What the sessions made here came from. */
export const device = { userAgent: 'test', ip: '::1' }

/** A person with one session. */
export async function signIn(sessions: Sessions, open: OpenDatabase): Promise<{ userId: UserId; sessionId: string }> {
  const { id: userId } = await addPerson(usersOf(open))
  return { userId, sessionId: await openSession(sessions, userId) }
}

/** Begins another session of a person made here. */
export async function openSession(sessions: Sessions, userId: UserId): Promise<string> {
  const id = randomUUID()
  if (!(await sessions.create({ id, userId, passwordHash: HASH, ...device }))) throw new Error('not created')
  return id
}

/** Null when there is none of this id. */
export async function stateOf(sessions: Sessions, sessionId: string): Promise<SessionState | null> {
  const [state] = await sessions.states([sessionId])
  return state ?? null
}
