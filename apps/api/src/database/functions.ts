import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import type { Statement, Transaction } from './port.ts'

/** The SQL functions of a release. */
export interface FunctionSet {
  /** Each comes after the functions that it needs. */
  readonly functions: readonly SqlFunction[]
  /** SHA-256 of their statements. Comments above a statement are not part of it. */
  readonly hash: string
}

/** One function: its name, the names of those it needs, and the statement that creates or replaces it. */
interface SqlFunction {
  readonly name: string
  readonly needs: readonly string[]
  readonly sql: string
}

interface Recorded {
  readonly release: number
  readonly hash: string
}

const FILE = /^(?<comment>(?:--.*\n)+)(?<sql>CREATE OR REPLACE FUNCTION (?<name>\w+)\([\s\S]*\S)\s*$/
const NEEDS = /^-- needs: (.+)$/gm

const RECORDED: Statement = { name: 'functions_recorded', text: 'SELECT release, hash FROM function_set' }
const RECORD: Statement = {
  name: 'functions_record',
  text: `INSERT INTO function_set (release, hash) VALUES ($1, $2)
    ON CONFLICT (id) DO UPDATE SET release = excluded.release, hash = excluded.hash, applied_at = clock_timestamp()`
}
/** Finds names with several functions. PostgreSQL refuses a call that fits more than one of them. */
const OVERLOADED: Statement = {
  name: 'functions_overloaded',
  text: `SELECT proname::text AS name FROM pg_proc WHERE pronamespace = current_schema()::regnamespace AND proname = ANY ($1)
    GROUP BY proname HAVING count(*) > 1 ORDER BY 1`
}

/**
 * Reads the functions of `folder`, each from its file `<name>.sql`. A file is a comment, followed by one `CREATE OR
 * REPLACE FUNCTION <name>(`. A line `-- needs: a, b` of the comment names the functions that must exist first.
 * @throws Error when a file has another form, needs a function that has no file, or needs itself through others.
 */
export async function readFunctions(folder: string): Promise<FunctionSet> {
  const files = (await readdir(folder)).filter(name => name.endsWith('.sql')).sort()
  const functions = inOrder(await Promise.all(files.map(async name => parse(name, await readSql(`${folder}/${name}`)))))
  const hash = createHash('sha256')
  for (const { sql } of functions) hash.update(sql).update('\0')
  return { functions, hash: hash.digest('hex') }
}

/**
 * Replaces the functions of the database by those of `set`, unless they are the same or belong to a later release.
 * `release` is the number of the newest migration that the caller knows. Functions without a file stay, since nodes of
 * an earlier release may call them. Answers whether it replaced them. The caller holds the lock of migrations.
 * @throws Error when the database refuses a function, whose name the error tells, or has one with other arguments.
 */
export async function applyFunctions(transaction: Transaction, set: FunctionSet, release: number): Promise<boolean> {
  const [recorded] = await transaction.query<Recorded>(RECORDED)
  if (recorded !== undefined && (recorded.hash === set.hash || recorded.release > release)) return false

  for (const { name, sql } of set.functions) {
    try {
      await transaction.script(sql)
    } catch (error) {
      throw new Error(`function ${name}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
    }
  }
  const overloaded = await transaction.query<{ name: string }>(OVERLOADED, [set.functions.map(({ name }) => name)])
  const [twice] = overloaded
  if (twice !== undefined) {
    throw new Error(`function ${twice.name} exists with other arguments: give the new one another name and file`)
  }
  await transaction.query(RECORD, [release, set.hash])
  return true
}

/** The text of an SQL file. A checkout on Windows may end lines with CRLF, which must not change a hash. */
export async function readSql(path: string): Promise<string> {
  return (await readFile(path, 'utf8')).replaceAll('\r\n', '\n')
}

function parse(file: string, text: string): SqlFunction {
  const { comment = '', sql = '', name = '' } = FILE.exec(text)?.groups ?? {}
  const count = text.match(/^CREATE /gm)?.length
  if (name !== basename(file, '.sql') || count !== 1) {
    throw new Error(`${file} must be a comment, then one CREATE OR REPLACE FUNCTION of that name`)
  }
  const needs = [...comment.matchAll(NEEDS)].flatMap(([, names = '']) => names.split(',').map(each => each.trim()))
  return { name, needs, sql }
}

/** Sorts by name, with each function after those that it needs. */
function inOrder(functions: readonly SqlFunction[]): SqlFunction[] {
  const known = new Map(functions.map(each => [each.name, each]))
  const ordered = new Set<SqlFunction>()

  function add(each: SqlFunction, path: readonly string[]): void {
    if (ordered.has(each)) return
    const through = [...path, each.name]
    if (path.includes(each.name)) throw new Error(`functions need one another: ${through.join(' -> ')}`)
    for (const name of each.needs) {
      const needed = known.get(name)
      if (needed === undefined) throw new Error(`${each.name}.sql needs ${name}, which has no file`)
      add(needed, through)
    }
    ordered.add(each)
  }
  for (const each of functions) add(each, [])
  return [...ordered]
}
