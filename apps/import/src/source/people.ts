import { columnsOf } from './column.ts'
import type { Plan } from './plan.ts'

/** A person in the source; null for what the source does not know. */
export interface SourcePerson {
  readonly key: string
  readonly username: string | null
  readonly email: string | null
  readonly password: string | null
  readonly firstName: string | null
  readonly lastName: string | null
  readonly bio: string | null
  readonly avatar: string | null
  readonly birthDate: string | null
  readonly gender: string | null
  readonly location: string | null
  readonly phone: string | null
  readonly locale: string | null
  readonly isActive: boolean | null
  readonly dateJoined: Date | null
  readonly lastSeen: Date | null
}

/** A query for all people, as `SourcePerson`, ordered by key. */
export function selectPeople({ people, profiles }: Plan): string {
  const own = columnsOf(people, 'u')
  const beside = profiles === null ? null : columnsOf(profiles, 'p')
  type Both = Parameters<NonNullable<typeof beside>['has']>[0] & Parameters<typeof own.has>[0]
  const either = (field: Both) =>
    beside?.has(field) ? `coalesce(${beside.text(field)}, ${own.text(field)})` : own.text(field)
  const lastSeen =
    beside === null ? own.time('last_seen') : `greatest(${own.time('last_seen')}, ${beside.time('last_seen')})`
  const join =
    profiles === null || beside === null
      ? ''
      : `LEFT JOIN LATERAL (SELECT * FROM ${profiles.name} p WHERE ${beside.key('person')} = ${own.key('id')} LIMIT 1) p ON true`
  return `SELECT ${own.text('id')} AS key, ${own.text('username')} AS username, ${own.text('email')} AS email,
      ${own.text('password')} AS password, ${own.text('first_name')} AS "firstName", ${own.text('last_name')} AS "lastName",
      ${either('bio')} AS bio, ${either('avatar')} AS avatar, ${either('birth_date')} AS "birthDate", ${either('gender')} AS gender,
      ${either('location')} AS location, ${either('phone')} AS phone, ${either('locale')} AS locale,
      ${own.flag('is_active')} AS "isActive", ${own.time('date_joined')} AS "dateJoined", ${lastSeen} AS "lastSeen"
    FROM ${people.name} u ${join} ORDER BY ${own.key('id')}`
}

/** A query for the highest key up to `limit`, as `highest`; null when keys are not numbers, or all are above it. */
export function selectHighestKey({ people }: Plan, limit: number): string {
  const id = people.columns.get('id')
  if (id === undefined || !/^(smallint|integer|bigint)$/.test(id.type)) return 'SELECT NULL::int AS highest'
  return `SELECT max(${id.name})::int AS highest FROM ${people.name} WHERE ${id.name} <= ${limit}`
}
