import { randomUUID } from 'node:crypto'
import type { UserId } from '@rendezvous/contract'
import type { OpenDatabase } from '../../src/database/open.ts'
import type { Statement } from '../../src/database/port.ts'
import type { HashEngine } from '../../src/people/passwords/service.ts'
import type { SessionState, Sessions } from '../../src/people/sessions/port.ts'
import { databaseUsers } from '../../src/people/users/adapter.ts'
import type { NewUser, ProfileRow, Users } from '../../src/people/users/port.ts'

/** The password hash of every test person. Under `plainEngine` it is the hash of `PASSWORD`. */
export const HASH = '$plain$correct horse'
export const PASSWORD = 'correct horse'

/** Stores passwords as plain text, so that tests need no hashing. */
export const plainEngine: HashEngine = {
  hash: async password => `$plain$${password}`,
  verifies: { $plain$: async (hash, password) => hash === `$plain$${password}` }
}

/** Registers a person and returns their profile. */
export async function addPerson(users: Users, person: Partial<NewUser> = {}): Promise<ProfileRow> {
  const username = person.username ?? `person-${randomUUID()}`
  const saved = await users.register({ passwordHash: HASH, ...person, username })
  if (!saved.ok) throw new Error(`taken: ${saved.taken}`)
  return saved.profile
}

/** The `Users` port over an open database. */
export function usersOf({ database, prisma }: OpenDatabase): Users {
  return databaseUsers(database, prisma)
}

export type InactiveState = 'deleted' | 'inactive'

const transitions: Record<InactiveState, Statement> = {
  deleted: { name: 'test_delete_person', text: 'UPDATE person SET deleted_at = now() WHERE id = $1' },
  inactive: { name: 'test_deactivate_person', text: 'UPDATE person SET is_active = false WHERE id = $1' }
}

/** Marks a person as deleted or inactive. */
export async function markPerson({ database }: OpenDatabase, userId: UserId, state: InactiveState): Promise<void> {
  await database.query(transitions[state], [userId])
}

/** The device of every test session. */
export const device = { userAgent: 'test', ip: '::1' }

/** Registers a person and starts a session. */
export async function signIn(sessions: Sessions, open: OpenDatabase): Promise<{ userId: UserId; sessionId: string }> {
  const { id: userId } = await addPerson(usersOf(open))
  return { userId, sessionId: await openSession(sessions, userId) }
}

/** Starts another session of a test person. */
export async function openSession(sessions: Sessions, userId: UserId): Promise<string> {
  const id = randomUUID()
  if (!(await sessions.create({ id, userId, passwordHash: HASH, ...device })))
    throw new Error('the session was not created')
  return id
}

/** The state of a session; null when it is absent. */
export async function stateOf(sessions: Sessions, sessionId: string): Promise<SessionState | null> {
  const [state] = await sessions.states([sessionId])
  return state ?? null
}
