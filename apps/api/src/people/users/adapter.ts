import type { UserId } from '@rendezvous/contract'
import type { PrismaClient } from '../../database/open.ts'
import type { Database, Statement, Transaction } from '../../database/port.ts'
import { retrying } from '../../database/retry.ts'
import { storeSearchKeys } from '../search/adapter.ts'
import type { PresenceAudience } from '../visibility/port.ts'
import {
  type Credentials,
  loginKey,
  type Named,
  type NewUser,
  type ProfileChanges,
  type ProfileRow,
  type Saved,
  type TakenField,
  type Users
} from './port.ts'
import { joinVisibility, PUBLIC_COLUMNS, type SeenRow, toSeen, toVisibility, visibilityRanks } from './rows.ts'

const PROFILE_COLUMNS = `${PUBLIC_COLUMNS}, p.email, p.phone, p.birth_date AS "birthDate", p.locale,
  p.last_seen_visibility AS "lastSeenVisibility", p.findable`

const INSERT: Statement = {
  name: 'user_insert',
  text: `INSERT INTO person AS p
      (username, email, first_name, last_name, bio, gender, location, phone, birth_date, locale, last_seen_visibility,
       findable, password_hash)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) RETURNING ${PROFILE_COLUMNS}`
}
const LOCK: Statement = {
  name: 'user_lock',
  text: `SELECT ${PROFILE_COLUMNS} FROM person p
    WHERE p.id = $1 AND p.is_active AND p.deleted_at IS NULL FOR NO KEY UPDATE`
}
const UPDATE: Statement = {
  name: 'user_update',
  text: `UPDATE person p SET username = $2, email = $3, first_name = $4, last_name = $5, bio = $6, gender = $7, location = $8,
      phone = $9, birth_date = $10, locale = $11, last_seen_visibility = $12, findable = $13
    WHERE p.id = $1 RETURNING ${PROFILE_COLUMNS}`
}
/** In the order of the keys, so that two people who claim the same keys cannot deadlock. */
const CLAIM: Statement = {
  name: 'user_claim',
  text: `INSERT INTO login_key (key, user_id)
    SELECT k, $1 FROM unnest($2::text[]) k ORDER BY k COLLATE "C" ON CONFLICT DO NOTHING`
}
const OWNED: Statement = {
  name: 'user_owned',
  text: 'SELECT key FROM login_key WHERE user_id = $1 AND key = ANY($2::text[])'
}
const RELEASE: Statement = {
  name: 'user_release',
  text: 'DELETE FROM login_key WHERE user_id = $1 AND key <> ALL($2::text[])'
}
/** In the order of the keys, as `CLAIM`. */
const CLAIM_LOOK: Statement = {
  name: 'user_claim_look',
  text: `INSERT INTO name_skeleton (skeleton, user_id)
    SELECT k, $1 FROM unnest($2::text[]) k ORDER BY k COLLATE "C" ON CONFLICT DO NOTHING`
}
const OWNED_LOOK: Statement = {
  name: 'user_owned_look',
  text: 'SELECT skeleton FROM name_skeleton WHERE user_id = $1 AND skeleton = ANY($2::text[])'
}
const RELEASE_LOOK: Statement = {
  name: 'user_release_look',
  text: `WITH released AS (DELETE FROM name_skeleton WHERE user_id = $1 AND skeleton <> ALL($2::text[]))
    UPDATE person SET name_keys = 1 WHERE id = $1 AND name_keys = 0`
}
const FIND_BY_LOGIN: Statement = {
  name: 'user_find_by_login',
  text: `SELECT p.id AS "userId", p.password_hash AS "passwordHash", p.is_active AND p.deleted_at IS NULL AS active
    FROM login_key k JOIN person p ON p.id = k.user_id WHERE k.key = $1`
}
const FIND_VISIBLE: Statement = {
  name: 'user_find_visible',
  text: `SELECT ${PUBLIC_COLUMNS}, p.email, h.rank FROM person p ${joinVisibility('$1', '$3::boolean')} WHERE p.id = $2 AND NOT h.unavailable`
}
const STREAM_HEADS: Statement = {
  name: 'user_stream_heads',
  text: 'SELECT id, stream_seq AS head FROM person WHERE id = ANY ($1::int[])'
}
/** Locks in the order of ids, so that two nodes that report the same people cannot deadlock. */
const SAW: Statement = {
  name: 'user_saw',
  text: `WITH seen AS (SELECT id, max(at) AS at FROM unnest($1::int[], $2::timestamptz[]) s(id, at) GROUP BY id),
    locked AS MATERIALIZED (SELECT p.id FROM person p WHERE p.id = ANY($1::int[]) ORDER BY p.id FOR NO KEY UPDATE)
    UPDATE person p SET last_seen = greatest(p.last_seen, seen.at) FROM seen
    WHERE p.id = ANY(ARRAY(SELECT id FROM locked)) AND p.id = seen.id AND (p.last_seen IS NULL OR p.last_seen < seen.at)`
}

/** Rolls a transaction back, because another person has the log-in names. */
class NamesTaken extends Error {
  readonly fields: readonly TakenField[]

  constructor(fields: readonly TakenField[]) {
    super('another person has these log-in names')
    this.fields = fields
  }
}

/** The `Users` port over a database. `audience` sees the presence of users. */
export function databaseUsers(
  database: Database,
  prisma: PrismaClient,
  audience: PresenceAudience = 'contacts'
): Users {
  return {
    register: user => saving(() => database.transaction(transaction => register(transaction, user))),
    update: (userId, changes) =>
      saving(() => database.transaction(transaction => update(transaction, userId, changes))),
    findCredentials: by => ('userId' in by ? credentialsOf(prisma, by.userId) : credentialsBy(database, by.login)),
    findProfile: userId => profileOf(prisma, userId),
    isEmpty: async () => (await prisma.user.findFirst({ select: { id: true } })) === null,
    async findVisible(viewerId, userId) {
      const parameters = [viewerId, userId, audience === 'everyone']
      const [row] = await database.query<SeenRow & { readonly email: string }>(FIND_VISIBLE, parameters)
      return row === undefined ? null : { ...toSeen(row), email: row.email }
    },
    async streamHeads(userIds) {
      if (userIds.length === 0) return []
      const rows = await database.query<{ id: UserId; head: number }>(STREAM_HEADS, [userIds])
      const heads = new Map(rows.map(({ id, head }) => [id, head]))
      return userIds.map(userId => heads.get(userId) ?? 0)
    },

    async saw(sightings) {
      const ids = sightings.map(({ userId }) => userId)
      const moments = sightings.map(({ at }) => at.toISOString())
      await database.query(SAW, [ids, moments])
    }
  }
}

async function saving<T>(save: () => Promise<T>): Promise<T | Extract<Saved, { ok: false }>> {
  try {
    return await retrying(save)
  } catch (error) {
    if (error instanceof NamesTaken) return { ok: false, taken: error.fields }
    throw error
  }
}

async function register(transaction: Transaction, user: NewUser): Promise<Saved> {
  const parameters = [...values({ ...blank, ...user }), user.passwordHash]
  const [row] = await transaction.query<StoredProfile>(INSERT, parameters)
  if (row === undefined) throw new Error('INSERT INTO person returned no row')
  const profile = toProfile(row)
  await claim(transaction, profile, user.nameKeys)
  await storeSearchKeys(transaction, [{ ...profile, userId: profile.id }])
  return { ok: true, profile }
}

async function update(
  transaction: Transaction,
  userId: UserId,
  { nameKeys, ...changes }: ProfileChanges & Named
): Promise<Saved | null> {
  const [before] = await transaction.query<StoredProfile>(LOCK, [userId])
  if (before === undefined) return null

  const parameters = [userId, ...values({ ...toProfile(before), ...changes })]
  const [row] = await transaction.query<StoredProfile>(UPDATE, parameters)
  if (row === undefined) throw new Error('UPDATE person returned no row')
  const profile = toProfile(row)
  const newKeys = before.username === profile.username ? undefined : nameKeys
  if (changes.username !== undefined || changes.email !== undefined) await claim(transaction, profile, newKeys)
  if (isFoundOtherwise(toProfile(before), profile)) {
    await storeSearchKeys(transaction, [{ ...profile, userId }])
  }
  return { ok: true, profile }
}

/** Whether the user is found by other names than before, or no longer. */
function isFoundOtherwise(before: ProfileRow, after: ProfileRow): boolean {
  const fields = ['username', 'firstName', 'lastName', 'findable'] as const
  return fields.some(field => before[field] !== after[field])
}

/** Makes the user name and address of the profile the person's only log-in names, and `nameKeys` the only keys of
 *  their name.
 *  @throws NamesTaken when another person has one of them. */
async function claim(
  transaction: Transaction,
  { id, username, email }: ProfileRow,
  nameKeys: readonly string[] | undefined
): Promise<void> {
  const keys = { username: loginKey(username), email: loginKey(email) }
  const wanted = [...new Set([keys.username, keys.email])].filter(key => key !== '')
  await transaction.query(CLAIM, [id, wanted])
  const rows = await transaction.query<{ key: string }>(OWNED, [id, wanted])
  const owned = new Set(rows.map(({ key }) => key))
  const isUnlike = nameKeys === undefined || (await claimLook(transaction, id, nameKeys))
  const fields: readonly TakenField[] = ['username', 'email']
  const taken = fields.filter(
    field => (keys[field] !== '' && !owned.has(keys[field])) || (field === 'username' && !isUnlike)
  )
  if (taken.length > 0) throw new NamesTaken(taken)
  await transaction.query(RELEASE, [id, wanted])
}

/** Makes `keys` the person's. Answers false when another person has one of them. */
async function claimLook(transaction: Transaction, id: UserId, keys: readonly string[]): Promise<boolean> {
  await transaction.query(CLAIM_LOOK, [id, keys])
  const owned = await transaction.query(OWNED_LOOK, [id, keys])
  if (owned.length < keys.length) return false
  await transaction.query(RELEASE_LOOK, [id, keys])
  return true
}

type Editable = Required<ProfileChanges>

const blank: Editable = {
  username: '',
  email: '',
  firstName: '',
  lastName: '',
  bio: '',
  gender: '',
  location: '',
  phone: '',
  birthDate: null,
  locale: '',
  lastSeenVisibility: 'exact',
  findable: true
}

/** The column values, in the order of the parameters of INSERT and UPDATE. */
function values(profile: Editable) {
  const { username, email, firstName, lastName, bio, gender, location, phone, birthDate, locale } = profile
  const visibility = visibilityRanks[profile.lastSeenVisibility]
  return [
    username,
    email,
    firstName,
    lastName,
    bio,
    gender,
    location,
    phone,
    birthDate,
    locale,
    visibility,
    profile.findable
  ]
}

/** A profile as the database returns it. */
type StoredProfile = Omit<ProfileRow, 'lastSeenVisibility'> & { readonly lastSeenVisibility: number }

function toProfile(row: StoredProfile): ProfileRow {
  return { ...row, lastSeenVisibility: toVisibility(row.lastSeenVisibility) }
}

async function credentialsBy(database: Database, login: string): Promise<Credentials | null> {
  const [row] = await database.query<Credentials>(FIND_BY_LOGIN, [loginKey(login)])
  return row ?? null
}

async function credentialsOf(prisma: PrismaClient, userId: UserId): Promise<Credentials | null> {
  const user = await prisma.user.findUnique({ where: { id: userId } })
  if (user === null) return null
  return { userId, passwordHash: user.passwordHash, active: user.isActive && user.deletedAt === null }
}

async function profileOf(prisma: PrismaClient, userId: UserId): Promise<ProfileRow | null> {
  const user = await prisma.user.findUnique({
    where: { id: userId, isActive: true, deletedAt: null },
    select: profileFields
  })
  if (user === null) return null
  return toProfile({ ...user, id: userId, birthDate: user.birthDate?.toISOString().slice(0, 10) ?? null })
}

const profileFields = {
  username: true,
  email: true,
  firstName: true,
  lastName: true,
  bio: true,
  avatar: true,
  gender: true,
  location: true,
  phone: true,
  birthDate: true,
  locale: true,
  lastSeen: true,
  lastSeenVisibility: true,
  findable: true,
  dateJoined: true
}
