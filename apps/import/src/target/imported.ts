import { createHash } from 'node:crypto'
import type { Statement, Transaction } from '@rendezvous/api'
import type { ConversationId, UserId } from '@rendezvous/contract'

/** `id` is null for a person who was deleted here, so their later messages are left out. */
const PEOPLE: Statement = {
  name: 'import_people_known',
  text: `SELECT i.source_key AS key, p.id, p.date_joined AS "dateJoined" FROM unnest($2::text[]) AS k(key)
    JOIN imported i ON i.source = $1 AND i.kind = 'person' AND i.source_key = k.key
    LEFT JOIN LATERAL (SELECT * FROM person x WHERE x.id = i.target_id LIMIT 1) p ON true`
}
const CONVERSATIONS: Statement = {
  name: 'import_conversations_known',
  text: `SELECT i.source_key AS key, c.id, c.user_low AS low, c.user_high AS high FROM unnest($2::text[]) AS k(key)
    JOIN imported i ON i.source = $1 AND i.kind = 'conversation' AND i.source_key = k.key
    LEFT JOIN LATERAL (SELECT * FROM conversation x WHERE x.id = i.target_id LIMIT 1) c ON true`
}
const BLOCKS: Statement = {
  name: 'import_blocks_known',
  text: `SELECT i.source_key AS key FROM unnest($2::text[]) AS k(key)
    JOIN imported i ON i.source = $1 AND i.kind = 'block' AND i.source_key = k.key`
}
const RECORD: Statement = {
  name: 'import_record',
  text: `INSERT INTO imported (source, kind, source_key, target_id)
    SELECT $1, $2, r.key, r.id FROM unnest($3::text[], $4::bigint[]) AS r(key, id)`
}

/** A person whom an earlier run imported. `id` is null when they were deleted here. */
export interface KnownPerson {
  readonly key: string
  readonly id: UserId | null
  readonly dateJoined: Date | null
}

/** A conversation that an earlier run imported. `id` is null when it was deleted here. */
export interface KnownConversation {
  readonly key: string
  readonly id: ConversationId | null
  /** The two people of a direct conversation, ascending; null for a group. */
  readonly low: UserId | null
  readonly high: UserId | null
}

/** The people among `keys` who were imported from `source`, by key. */
export async function knownPeople(
  on: Transaction,
  source: string,
  keys: Iterable<string>
): Promise<Map<string, KnownPerson>> {
  const rows = await on.query<KnownPerson>(PEOPLE, [source, [...new Set(keys)]])
  return new Map(rows.map(row => [row.key, row]))
}

/** The conversations among `keys` that were imported from `source`, by key. */
export async function knownConversations(
  on: Transaction,
  source: string,
  keys: Iterable<string>
): Promise<Map<string, KnownConversation>> {
  const rows = await on.query<KnownConversation>(CONVERSATIONS, [source, [...new Set(keys)]])
  return new Map(rows.map(row => [row.key, row]))
}

/** The blocks among `keys` that were imported from `source`, including those that were lifted since. */
export async function knownBlocks(on: Transaction, source: string, keys: readonly string[]): Promise<Set<string>> {
  const rows = await on.query<{ key: string }>(BLOCKS, [source, keys])
  return new Set(rows.map(({ key }) => key))
}

/** Records what this transaction imports.
 *  @throws SQLSTATE 23505 when another run recorded it first */
export async function record(
  on: Transaction,
  source: string,
  kind: 'person' | 'conversation' | 'block',
  brought: readonly { readonly key: string; readonly id: number | null }[]
): Promise<void> {
  await on.query(RECORD, [source, kind, brought.map(({ key }) => key), brought.map(({ id }) => id)])
}

/** A random namespace for UUIDs of version 5. It never changes. */
const NAMESPACE = Buffer.from('7d0d5b6f0e7c4d2b9a53c1f2a4e8b601', 'hex')

/** The `client_id` of a message of `source`, a UUID of version 5 (RFC 9562). It is always the same, so a later run
 *  finds the message. */
export function clientIdOf(source: string, key: string): string {
  const bytes = createHash('sha1').update(NAMESPACE).update(`${source}\n${key}`).digest().subarray(0, 16)
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  const hex = bytes.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
