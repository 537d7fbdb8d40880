import { readFile } from 'node:fs/promises'
import { OperatorError } from '@rendezvous/lifecycle'
import { type Static, Type } from 'typebox'
import { Check, Errors } from 'typebox/value'

/** The fields that the import reads from each table. A required field must be there, an optional one may be missing. */
export const sections = {
  people: {
    required: ['id', 'username', 'password'],
    optional: [
      ...['email', 'first_name', 'last_name', 'bio', 'avatar', 'birth_date', 'gender', 'location', 'phone', 'locale'],
      ...['is_active', 'date_joined', 'last_seen']
    ]
  },
  /** At most one row for each person. Its values win over those of `people`. */
  profiles: {
    required: ['person'],
    optional: ['bio', 'avatar', 'birth_date', 'gender', 'location', 'phone', 'locale', 'last_seen']
  },
  conversations: { required: ['id'], optional: ['title', 'is_group', 'created_by', 'created_at'] },
  participants: { required: ['conversation', 'person'], optional: [] },
  /** `conversation` is required when there is a table of conversations, otherwise `receiver` is. */
  messages: {
    required: ['id', 'sender', 'content', 'created_at'],
    optional: [
      ...['conversation', 'receiver', 'type', 'file', 'is_deleted'],
      ...['is_read', 'read_at', 'is_delivered', 'delivered_at', 'status']
    ]
  },
  /** One row for each message and person who has read it. */
  readers: { required: ['message', 'person'], optional: [] },
  blocks: { required: ['blocker', 'blocked'], optional: ['created_at'] }
} as const

/** The import's name for a table. */
export type Section = keyof typeof sections
/** The import's name for a column of `S`. */
export type Field<S extends Section> = (typeof sections)[S]['required' | 'optional'][number]

/** The tables of the source to try, in this order, and the column of each field; null for a field that is not read. */
export interface TableNames {
  readonly tables: readonly string[]
  /** Then the tables of these models are tried, whatever app they are in. A table of the model's own may follow it:
   *  `conversation_participants`. Django lists the models of all apps in `django_content_type`. */
  readonly models?: readonly string[]
  readonly columns: Readonly<Record<string, string | null>>
}

/** The names to look for in a source. Optional names of `defaults` may be missing; every name of `given` must exist. */
export interface Names {
  readonly defaults: Readonly<Record<Section, TableNames | null>>
  readonly given: MappingFile
  /** Tables whose rows are only counted, by what they hold. */
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

/** A mapping file: the names that differ from the shape's. A section that is null is not read. */
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

/** The mapping file is invalid. */
export class InvalidMapping extends OperatorError {
  constructor(problem: string, options?: ErrorOptions) {
    super(problem, options)
    this.name = 'InvalidMapping'
  }
}

/** Reads the mapping file at `path`.
 *  @throws InvalidMapping that names every problem */
export async function readMapping(path: string): Promise<MappingFile> {
  const mapping = await readJson(path)
  if (Check(MappingFile, mapping)) return mapping
  const problems = Errors(MappingFile, mapping).map(({ instancePath, message }) => `${instancePath || '/'} ${message}`)
  throw new InvalidMapping(
    [`${path} is not a valid mapping file. Correct these places:`, ...new Set(problems)].join('\n  ')
  )
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'))
  } catch (error) {
    throw new InvalidMapping(`${path} cannot be read as JSON: ${error instanceof Error ? error.message : error}`, {
      cause: error
    })
  }
}
