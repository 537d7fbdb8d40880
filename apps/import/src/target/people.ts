import type { Statement, Transaction } from '@rendezvous/api'
import type { UserId } from '@rendezvous/contract'

/** An account to be stored. The id and the names may still change, because they may be taken. */
export interface Account {
  readonly key: string
  /** The id in the source; null when it cannot be an id here. */
  readonly wantedId: UserId | null
  readonly username: string
  readonly email: string
  readonly passwordHash: string
  readonly firstName: string
  readonly lastName: string
  readonly bio: string
  readonly avatar: string | null
  readonly birthDate: string | null
  readonly gender: string
  readonly location: string
  readonly phone: string
  readonly locale: string
  readonly isActive: boolean
  /** Null for now. */
  readonly dateJoined: Date | null
  readonly lastSeen: Date | null
}

const TAKEN_KEYS: Statement = {
  name: 'import_login_keys_taken',
  text: 'SELECT key FROM login_key WHERE key = ANY ($1::text[])'
}
const TAKEN_IDS: Statement = { name: 'import_ids_taken', text: 'SELECT id FROM person WHERE id = ANY ($1::int[])' }
const NEW_IDS: Statement = {
  name: 'import_new_user_ids',
  text: `SELECT nextval(pg_get_serial_sequence('person', 'id'))::int AS id FROM generate_series(1, $1::int)`
}
/** `greatest`, because registrations at the same time move the sequence too. */
const RAISE: Statement = {
  name: 'import_raise_user_ids',
  text: `SELECT setval(s.name, greatest($1::bigint, nextval(s.name))) FROM (SELECT pg_get_serial_sequence('person', 'id') AS name) s`
}
const INSERT: Statement = {
  name: 'import_people_insert',
  text: `INSERT INTO person (id, username, email, password_hash, first_name, last_name, bio, avatar, birth_date, gender, location, phone, locale,
      is_active, date_joined, last_seen)
    SELECT r.id, r.username, r.email, r.hash, r.first, r.last, r.bio, r.avatar, r.birth, r.gender, r.location, r.phone, r.locale, r.active,
      coalesce(r.joined, now()), r.seen
    FROM unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::date[], $10::text[],
      $11::text[], $12::text[], $13::text[], $14::boolean[], $15::timestamptz[], $16::timestamptz[])
      AS r(id, username, email, hash, first, last, bio, avatar, birth, gender, location, phone, locale, active, joined, seen)`
}
/** In the order of keys, as a registration claims them. */
const CLAIM: Statement = {
  name: 'import_login_keys_claim',
  text: `INSERT INTO login_key (key, user_id) SELECT k.key, k.id FROM unnest($1::text[], $2::int[]) AS k(key, id) ORDER BY k.key COLLATE "C"`
}
/** Skips people who have signed in here since: they have a hash of our own. */
const REHASH: Statement = {
  name: 'import_people_rehash',
  text: `UPDATE person p SET password_hash = r.hash FROM unnest($1::int[], $2::text[]) AS r(id, hash)
    WHERE p.id = r.id AND p.password_hash <> r.hash AND p.password_hash NOT LIKE '$argon2id$%' RETURNING p.id`
}

/** Makes sure that later registrations get ids above `highest`. */
export async function keepIdsFree(on: Transaction, highest: number): Promise<void> {
  await on.query(RAISE, [highest])
}

/** Those of `keys` (see `loginKey`) that belong to an account. */
export async function takenLoginKeys(on: Transaction, keys: readonly string[]): Promise<Set<string>> {
  const rows = await on.query<{ key: string }>(TAKEN_KEYS, [keys])
  return new Set(rows.map(({ key }) => key))
}

/** An id for each account: `wantedId` when it is free, else a new one. */
export async function idsFor(on: Transaction, accounts: readonly Account[]): Promise<UserId[]> {
  const wanted = accounts.flatMap(({ wantedId }) => (wantedId === null ? [] : [wantedId]))
  const rows = await on.query<{ id: UserId }>(TAKEN_IDS, [wanted])
  const taken = new Set(rows.map(({ id }) => id))
  const isFree = ({ wantedId }: Account) => wantedId !== null && !taken.has(wantedId)
  const fresh = await on.query<{ id: UserId }>(NEW_IDS, [accounts.filter(account => !isFree(account)).length])
  return accounts.map(account => {
    if (account.wantedId !== null && isFree(account)) return account.wantedId
    const next = fresh.shift()
    if (next === undefined) throw new Error('the sequence gave too few ids')
    return next.id
  })
}

/** Stores accounts under `ids`, and the keys by which people sign in.
 *  @throws SQLSTATE 23505 when another transaction took an id or a key first */
export async function insertPeople(
  on: Transaction,
  accounts: readonly Account[],
  ids: readonly UserId[],
  logins: readonly { readonly key: string; readonly id: UserId }[]
): Promise<void> {
  const column = <T>(of: (account: Account) => T) => accounts.map(of)
  await on.query(INSERT, [
    ids,
    column(each => each.username),
    column(each => each.email),
    column(each => each.passwordHash),
    column(each => each.firstName),
    column(each => each.lastName),
    column(each => each.bio),
    column(each => each.avatar),
    column(each => each.birthDate),
    column(each => each.gender),
    column(each => each.location),
    column(each => each.phone),
    column(each => each.locale),
    column(each => each.isActive),
    column(each => each.dateJoined?.toISOString() ?? null),
    column(each => each.lastSeen?.toISOString() ?? null)
  ])
  await on.query(CLAIM, [logins.map(({ key }) => key), logins.map(({ id }) => id)])
}

/** Stores passwords that were changed in the source, for people who have not signed in here yet. */
export async function takeOverPasswords(
  on: Transaction,
  people: readonly { readonly id: UserId; readonly passwordHash: string }[]
): Promise<void> {
  await on.query(REHASH, [people.map(({ id }) => id), people.map(({ passwordHash }) => passwordHash)])
}
