import { parseArgs } from 'node:util'
import { type Env, parseEnv } from '@rendezvous/env'
import { StandaloneVariables } from '@rendezvous/standalone/config'
import { type Static, Type } from 'typebox'
import { type Shape, shapes } from './shapes.ts'

/** Where the people move in: as the product itself is told. */
const TargetVariables = Type.Pick(StandaloneVariables, [
  'DATABASE_URL',
  'DATABASE_POOL_SIZE',
  'DATABASE_HOT_POOL_SIZE',
  'DATA_DIR'
])

/** Rows in a batch: unless said otherwise, and at most (fewer than `new_id()` gives in a millisecond). */
const BATCH = 500
const BATCH_MAX = 4_000

/** What is to be done. */
export interface ImportConfig {
  readonly from: string
  readonly shape: Shape
  readonly mapping: string | null
  readonly name: string
  readonly batch: number
  readonly dryRun: boolean
  readonly report: string | null
  readonly target: Readonly<Static<typeof TargetVariables>>
}

/** The arguments cannot be used; the message says why. */
export class UsageError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(`${message}\n\n${usage}`, options)
    this.name = 'UsageError'
  }
}

/** What the arguments are. */
export const usage = `npm run import:django -- --from postgres://user@host:5432/name --shape ${Object.keys(shapes).join('|')}

  --from URL       the database to move out of; it is only read. A password may stand in PGPASSWORD instead
  --shape SHAPE    which of the two backends it is
  --mapping FILE   JSON: what its tables and columns are called where they differ from apps/import/src/shapes.ts
  --name NAME      under which it is remembered what came from there (the shape's, unless given)
  --batch N        rows in a transaction: ${BATCH} unless given, ${BATCH_MAX} at most
  --dry-run        does everything and undoes it, except that the database moved into is migrated first, and that the ids it
                   gave stay used: those made later are higher
  --report FILE    writes the report as JSON too

It moves into what DATABASE_URL names, or into the embedded database in DATA_DIR (then with the product stopped).
Run it again to go on after an interruption, or to bring what is new. Exit codes: 0 done, with whatever the report
says was left out; 1 failed; 2 wrong arguments, mapping or names, nothing was written; 130 interrupted.`

/** Reads the arguments and the environment; null when help is asked for.
 *  @throws UsageError, or ConfigError that names every bad variable. */
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
    target: parseEnv(TargetVariables, env)
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
