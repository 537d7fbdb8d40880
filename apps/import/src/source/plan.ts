import { OperatorError } from '@rendezvous/lifecycle'
import { type Field, type Names, type Section, sections } from '../mapping.ts'
import { type Model, modelsOf, tablesOf } from './models.ts'
import type { Source } from './source.ts'

interface Column {
  /** Quoted. */
  readonly name: string
  /** As PostgreSQL writes it, such as `bigint` or `character varying(150)`. */
  readonly type: string
}

/** A table of the source, and those of its columns that exist. */
export interface Table<S extends Section> {
  /** Quoted. */
  readonly name: string
  readonly columns: ReadonlyMap<Field<S>, Column>
}

/** The tables that the import reads; null for a table that the source does not have. */
export interface Plan {
  readonly people: Table<'people'>
  readonly profiles: Table<'profiles'> | null
  readonly conversations: Table<'conversations'> | null
  readonly participants: Table<'participants'> | null
  readonly messages: Table<'messages'>
  readonly readers: Table<'readers'> | null
  readonly blocks: Table<'blocks'> | null
  /** The quoted names of tables that are only counted, by what they hold. */
  readonly notYet: ReadonlyMap<string, string>
}

/** The source does not have these tables or columns. Nothing was written. */
export class UnknownNames extends OperatorError {
  constructor(problems: readonly string[]) {
    super(
      [
        'the source does not have these tables or columns. Name the right ones in a mapping file (--mapping):',
        ...problems
      ].join('\n  ')
    )
    this.name = 'UnknownNames'
  }
}

const COLUMNS = `SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type FROM pg_attribute a
  WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped`
/** The types of a key: it is compared, sorted and written as text. */
const KEY_TYPE = /^(smallint|integer|bigint|uuid|text|character varying.*)$/
const KEYS: readonly string[] = ['id', 'person', 'conversation', 'message', 'sender', 'receiver', 'blocker', 'blocked']

/**
 * Finds the tables and columns of `names` in the source. Of several tables to try, it takes the first that has all
 * required columns.
 * @throws UnknownNames that lists every missing name of the mapping file, and every missing name that is required
 */
export async function planOf(source: Source, names: Names): Promise<Plan> {
  const models = await modelsOf(source)
  const problems = new Map<Section, readonly string[]>(['people', 'messages'].map(first => [first as Section, []]))
  const find = async <S extends Section>(section: S, isNeeded: boolean, partner?: string): Promise<Table<S> | null> => {
    const found = await findTable({ source, names, models }, section, isNeeded, partner)
    problems.set(section, found.problems)
    return found.table
  }
  const people = await find('people', true)
  const conversations = await find('conversations', names.defaults.conversations !== null)
  const messages = await find('messages', true, conversations === null ? 'receiver' : 'conversation')
  const plan = {
    profiles: await find('profiles', false),
    conversations,
    participants: await find('participants', conversations !== null),
    readers: await find('readers', false),
    blocks: await find('blocks', false)
  }
  const notYet = await findOthers(source, names)
  const all = [...problems.values()].flat()
  if (people === null || messages === null || all.length > 0) throw new UnknownNames(all)
  return { people, messages, ...plan, notYet }
}

/** A source, the names to look for in it, and its models. */
interface Search {
  readonly source: Source
  readonly names: Names
  readonly models: readonly Model[]
}

/** A table that exists, and which of its names do not. */
interface Candidate<S extends Section> {
  readonly table: Table<S>
  readonly problems: readonly string[]
}

type Found<S extends Section> = Candidate<S> | { readonly table: null; readonly problems: readonly string[] }

async function findTable<S extends Section>(
  search: Search,
  section: S,
  isNeeded: boolean,
  partner: string | undefined
): Promise<Found<S>> {
  const [preset, given] = [search.names.defaults[section], search.names.given[section]]
  const named = given?.table === undefined ? (preset?.tables ?? []) : [given.table]
  const tried = given?.table === undefined ? [...named, ...tablesOf(preset?.models ?? [], search.models)] : named
  if (given === null || tried.length === 0)
    return { table: null, problems: isNeeded ? [`${section}: no table is named`] : [] }

  const isMissed = isNeeded || given !== undefined
  let misfit: Candidate<S> | null = null
  for (const name of new Set(tried)) {
    const candidate = await candidateOf(search, section, name, partner)
    if (candidate?.problems.length === 0) return candidate
    if (candidate !== null && (isMissed || named.includes(name))) misfit ??= candidate
  }
  if (misfit !== null) return misfit
  const tables = [...new Set(tried)].map(quoted).join(' or ')
  return { table: null, problems: isMissed ? [`${section}.table: there is no table ${tables}`] : [] }
}

/** The table `name` with the columns of `section`. Null when there is no such table. `partner` is a column that is
 *  required in addition. */
async function candidateOf<S extends Section>(
  { source, names }: Search,
  section: S,
  name: string,
  partner: string | undefined
): Promise<Candidate<S> | null> {
  const [preset, given] = [names.defaults[section], names.given[section]]
  const types = await columnsOf(source, name)
  if (types.size === 0) return null

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
  if (partner !== undefined && !columns.has(partner as Field<S>))
    problems.push(`${section}.columns.${partner}: ${quoted(name)} has no such column`)
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

/** A quoted SQL name; in `schema.table` each part is quoted. */
function quoted(name: string): string {
  return name
    .split('.')
    .map(part => `"${part.replaceAll('"', '""')}"`)
    .join('.')
}
