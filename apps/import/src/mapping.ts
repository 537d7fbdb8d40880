import { readFile } from 'node:fs/promises'
import { type Static, Type } from 'typebox'
import { Check, Errors } from 'typebox/value'

/** What is read of each table, by the names it has here: what there is no import without, and what may be missing. */
export const sections = {
  people: {
    required: ['id', 'username', 'password'],
    optional: [
      ...['email', 'first_name', 'last_name', 'bio', 'avatar', 'birth_date', 'gender', 'location', 'phone', 'locale'],
      ...['is_active', 'date_joined', 'last_seen']
    ]
  },
  /** One row a person at most; what it has goes before what `people` has. */
  profiles: {
    required: ['person'],
    optional: ['bio', 'avatar', 'birth_date', 'gender', 'location', 'phone', 'locale', 'last_seen']
  },
  conversations: { required: ['id'], optional: ['title', 'is_group', 'created_by', 'created_at'] },
  participants: { required: ['conversation', 'person'], optional: [] },
  /** `conversation` where there are conversations, else `receiver`. */
  messages: {
    required: ['id', 'sender', 'content', 'created_at'],
    optional: [
      ...['conversation', 'receiver', 'type', 'file', 'is_deleted'],
      ...['is_read', 'read_at', 'is_delivered', 'delivered_at', 'status']
    ]
  },
  /** Who has read which message, where that is a table. */
  readers: { required: ['message', 'person'], optional: [] },
  blocks: { required: ['blocker', 'blocked'], optional: ['created_at'] }
} as const

/** A table that is read. */
export type Section = keyof typeof sections
/** A column of it, by the name it has here. */
export type Field<S extends Section> = (typeof sections)[S]['required' | 'optional'][number]

/** A table of the source, and the columns in it; null for what is not to be read. */
export interface TableNames {
  readonly table: string
  readonly columns: Readonly<Record<string, string | null>>
}

/** The names of a source: `defaults` are looked for and may be missing where they can be, `given` ones must be there. */
export interface Names {
  readonly defaults: Readonly<Record<Section, TableNames | null>>
  readonly given: MappingFile
  /** Tables that are counted in the report and not read. */
  readonly notYet: Readonly<Record<string, string>>
}

const Name = Type.String({ minLength: 1, maxLength: 200 })
const column = () => Type.Optional(Type.Union([Name, Type.Null()]))
const strict = { additionalProperties: false }
const table = (section: Section) => {
  const { required, optional } = sections[section]
  const properties = Object.fromEntries([...required, ...optional].map(field => [field, column()] as const))
  const named = Type.Object(
    { table: Type.Optional(Name), columns: Type.Optional(Type.Object(properties, strict)) },
    strict
  )
  return Type.Optional(Type.Union([named, Type.Null()]))
}

/** A mapping file: what is called otherwise than the shape has it. A section that is null is not read. */
export const MappingFile = Type.Object(
  {
    people: table('people'),
    profiles: table('profiles'),
    conversations: table('conversations'),
    participants: table('participants'),
    messages: table('messages'),
    readers: table('readers'),
    blocks: table('blocks'),
    not_yet: Type.Optional(Type.Record(Type.String(), Name))
  },
  strict
)
export type MappingFile = Static<typeof MappingFile>

/** A mapping file that cannot be used. */
export class BadMapping extends Error {
  constructor(problem: string, options?: ErrorOptions) {
    super(problem, options)
    this.name = 'BadMapping'
  }
}

/** Reads a mapping file.
 *  @throws BadMapping that says what is wrong with it. */
export async function readMapping(path: string): Promise<MappingFile> {
  const mapping = await readJson(path)
  if (Check(MappingFile, mapping)) return mapping
  const problems = Errors(MappingFile, mapping).map(({ instancePath, message }) => `${instancePath || '/'} ${message}`)
  throw new BadMapping([`${path} is no mapping:`, ...new Set(problems)].join('\n  '))
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'))
  } catch (error) {
    throw new BadMapping(`${path} cannot be read: ${error instanceof Error ? error.message : error}`, { cause: error })
  }
}
