import { type Field, type Names, type Section, sections } from '../mapping.ts'
import type { Source } from './source.ts'

interface Column {
  /** Quoted. */
  readonly name: string
  /** As PostgreSQL writes it: `bigint`, `character varying(150)`. */
  readonly type: string
}

/** A table that is there, and its columns that are. */
export interface Table<S extends Section> {
  /** Quoted. */
  readonly name: string
  readonly columns: ReadonlyMap<Field<S>, Column>
}

/** What is read of a source: null for what it does not have. */
export interface Plan {
  readonly people: Table<'people'>
  readonly profiles: Table<'profiles'> | null
  readonly conversations: Table<'conversations'> | null
  readonly participants: Table<'participants'> | null
  readonly messages: Table<'messages'>
  readonly readers: Table<'readers'> | null
  readonly blocks: Table<'blocks'> | null
  /** Quoted, by what they hold. */
  readonly notYet: ReadonlyMap<string, string>
}

/** Names that the source does not have. Nothing was written. */
export class BadNames extends Error {
  constructor(problems: readonly string[]) {
    super(['the source has not what the names say (a mapping file can say otherwise):', ...problems].join('\n  '))
    this.name = 'BadNames'
  }
}

const COLUMNS = `SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type FROM pg_attribute a
  WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped`
/** What can be a key here: compared, sorted and written as text. */
const KEY_TYPE = /^(smallint|integer|bigint|uuid|text|character varying.*)$/
const KEYS: readonly string[] = ['id', 'person', 'conversation', 'message', 'sender', 'receiver', 'blocker', 'blocked']

/**
 * Finds every table and column that `names` name.
 * @throws BadNames that tells all that are missing: what the mapping file gives, and what there is no import without.
 */
export async function planOf(source: Source, names: Names): Promise<Plan> {
  const problems: string[] = []
  const look = async <S extends Section>(section: S, isNeeded: boolean): Promise<Table<S> | null> => {
    const found = await findTable(source, section, names, isNeeded)
    problems.push(...found.problems)
    return found.table
  }
  const [people, messages] = [await look('people', true), await look('messages', true)]
  const conversations = await look('conversations', names.defaults.conversations !== null)
  const plan = {
    profiles: await look('profiles', false),
    conversations,
    participants: await look('participants', conversations !== null),
    readers: await look('readers', false),
    blocks: await look('blocks', false)
  }
  const partner = conversations === null ? 'receiver' : 'conversation'
  if (messages !== null && !messages.columns.has(partner))
    problems.push(`messages.columns.${partner}: there is no such column`)
  const notYet = await findOthers(source, names)
  if (people === null || messages === null || problems.length > 0) throw new BadNames(problems)
  return { people, messages, ...plan, notYet }
}

async function findTable<S extends Section>(source: Source, section: S, names: Names, isNeeded: boolean) {
  const [preset, given] = [names.defaults[section], names.given[section]]
  const name = given === null ? undefined : (given?.table ?? preset?.table)
  if (name === undefined) return { table: null, problems: isNeeded ? [`${section}: no table is named`] : [] }

  const types = await columnsOf(source, name)
  if (types.size === 0) {
    const isMissed = isNeeded || given !== undefined
    return { table: null, problems: isMissed ? [`${section}.table: there is no table ${quoted(name)}`] : [] }
  }
  const columns = new Map<Field<S>, Column>()
  const problems: string[] = []
  for (const field of fieldsOf(section)) {
    const isGiven = given?.columns?.[field] !== undefined
    const column = isGiven ? given.columns?.[field] : preset?.columns[field]
    const type = types.get(column ?? '')
    const place = `${section}.columns.${field}`
    if (column && type !== undefined) columns.set(field, { name: quoted(column), type })
    if (column && type === undefined && (isGiven || isRequired(section, field)))
      problems.push(`${place}: ${quoted(name)} has no column ${quoted(column)}`)
    if (!column && isRequired(section, field)) problems.push(`${place}: no column is named`)
    if (type !== undefined && KEYS.includes(field) && !KEY_TYPE.test(type))
      problems.push(`${place}: ${type} cannot be a key`)
  }
  return { table: { name: quoted(name), columns }, problems }
}

async function columnsOf(source: Source, table: string): Promise<Map<string, string>> {
  const rows = await source.query<{ name: string; type: string }>(COLUMNS, [quoted(table)])
  return new Map(rows.map(({ name, type }) => [name, type]))
}

async function findOthers(source: Source, names: Names): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  for (const [what, table] of Object.entries({ ...names.notYet, ...names.given.not_yet })) {
    if ((await columnsOf(source, table)).size > 0) found.set(what, quoted(table))
  }
  return found
}

function fieldsOf<S extends Section>(section: S): Field<S>[] {
  return [...sections[section].required, ...sections[section].optional] as Field<S>[]
}

function isRequired(section: Section, field: string): boolean {
  return sections[section].required.some(required => required === field)
}

/** A name as SQL has it; `schema.table` are two. */
function quoted(name: string): string {
  return name
    .split('.')
    .map(part => `"${part.replaceAll('"', '""')}"`)
    .join('.')
}
