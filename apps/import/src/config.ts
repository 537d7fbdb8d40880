import { parseArgs } from 'node:util'
import { StorageVariables } from '@rendezvous/api'
import { type Env, parseEnv } from '@rendezvous/env'
import { OperatorError } from '@rendezvous/lifecycle'
import type { Static } from 'typebox'
import { type Shape, shapes } from './shapes.ts'

/** Rows in a batch, by default and at most. `new_id()` makes more ids than that in a millisecond. */
const BATCH = 500
const BATCH_MAX = 4_000

/** The parsed arguments, and the variables of the database to import into. */
export interface ImportConfig {
  readonly from: string
  readonly shape: Shape
  readonly mapping: string | null
  readonly name: string
  readonly batch: number
  readonly dryRun: boolean
  readonly report: string | null
  readonly target: Readonly<Static<typeof StorageVariables>>
}

/** The arguments are invalid. The message says why, and ends with the usage. */
export class UsageError extends OperatorError {
  constructor(message: string, options?: ErrorOptions) {
    super(`${message}\n\n${usage}`, options)
    this.name = 'UsageError'
  }
}

/** The text of `--help`. */
export const usage = `npm run import:django -- --from postgres://user@host:5432/name --shape ${Object.keys(shapes).join('|')}

  --from URL       the database to import from; it is only read. PGPASSWORD may hold the password
  --shape SHAPE    which of the two backends made it
  --mapping FILE   JSON: the names of tables and columns that differ from apps/import/src/shapes.ts
  --name NAME      the name under which imported rows are recorded (default: the shape)
  --batch N        rows in a transaction (default ${BATCH}, at most ${BATCH_MAX})
  --dry-run        does everything and undoes it. Two things stay: the target database is migrated first, and the ids
                   that it gave stay used, so later ids are higher
  --report FILE    also writes the report as JSON

It imports into the database of DATABASE_URL, or into the embedded database in DATA_DIR; then stop the product first.
Run it again to go on after an interruption, or to import what is new. Exit codes: 0 done (the report says what was
left out); 1 failed; 2 wrong arguments, variables, mapping or names, and nothing was written; 130 interrupted.`

/** Parses the arguments and the environment; null for `--help`.
 *  @throws UsageError
 *  @throws ConfigError that names every bad variable */
export function readConfig(args: readonly string[], env: Env): ImportConfig | null {
  const values = parsed(args)
  if (values.help) return null
  const { from, shape = '', mapping = null, report = null } = values
  if (from === undefined || !/^postgres(ql)?:\/\//.test(from))
    throw new UsageError('--from must be an address like postgres://user@host:5432/name')
  if (!isShape(shape)) throw new UsageError(`--shape must be one of ${Object.keys(shapes).join(', ')}`)
  const { name = shape } = values
  if (!/^[\w.-]{1,64}$/.test(name)) throw new UsageError('--name must be 1 to 64 letters, digits, dots or dashes')
  const batch = Number(values.batch ?? BATCH)
  if (!Number.isInteger(batch) || batch < 1 || batch > BATCH_MAX)
    throw new UsageError(`--batch must be a number from 1 to ${BATCH_MAX}`)
  return {
    from,
    shape,
    mapping,
    report,
    name,
    batch,
    dryRun: values['dry-run'] ?? false,
    target: parseEnv(StorageVariables, env)
  }
}

function parsed(args: readonly string[]) {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean' } as const
  const options = {
    from: text,
    shape: text,
    mapping: text,
    name: text,
    batch: text,
    report: text,
    'dry-run': flag,
    help: flag
  }
  try {
    return parseArgs({ args: [...args], options }).values
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : 'the arguments cannot be read', { cause: error })
  }
}

function isShape(text: string): text is Shape {
  return Object.hasOwn(shapes, text)
}
