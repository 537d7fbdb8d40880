import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import ts from 'typescript'
import { findFloatingPromises, findLongFunctions, findUndocumentedExports } from '../scripts/style.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const SHIPPED = /^(apps\/[^/]+\/src|packages\/[^/]+\/src|infra\/scripts)\//

/** The program of the whole repository. */
function readProgram(): ts.Program {
  const path = ts.findConfigFile(root, ts.sys.fileExists) ?? ''
  const { options, fileNames } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(path, ts.sys.readFile).config,
    ts.sys,
    root
  )
  return ts.createProgram(fileNames, options)
}

/** A program of one file with `source` and Node's types. */
function plant(source: string): { program: ts.Program; file: ts.SourceFile } {
  const path = `${root}planted.ts`
  const options: ts.CompilerOptions = {
    module: ts.ModuleKind.NodeNext,
    types: ['node'],
    strict: true,
    skipLibCheck: true
  }
  const host = ts.createCompilerHost(options)
  const read = host.getSourceFile
  const planted: ts.CompilerHost = {
    ...host,
    getCurrentDirectory: () => root,
    fileExists: name => name === path || host.fileExists(name),
    getSourceFile: (name, ...rest) =>
      name === path ? ts.createSourceFile(name, source, ts.ScriptTarget.Latest, true) : read(name, ...rest)
  }
  const program = ts.createProgram([path], options, planted)
  const file = program.getSourceFile(path)
  if (file === undefined) throw new Error('the planted file was not read')
  return { program, file }
}

t.test('a floating promise is found, a handled one is not', async t => {
  const { program, file } = plant(`import { readFile } from 'node:fs/promises'
export async function start(flag: boolean): Promise<void> {
  readFile('library')
  flag && start(false)
  flag ? start(true) : readFile('x').then(() => {})
  await readFile('awaited')
  void start(flag)
  start(flag).catch(() => {})
  const kept = start(flag)
  return kept
}`)
  t.strictSame(
    findFloatingPromises(program, file),
    [3, 4, 5].map(line => `planted.ts:${line} floating promise`)
  )
})

t.test('an export without a docstring is found, unless one of the same name has one', async t => {
  const { program, file } = plant(`export const undocumented = 1
/** A port number. */
export const Port = 2
export type Port = number
/** Does nothing. */
export function noop(): void {}
export interface Bare {}
export const Page = Object.freeze({ description: 'At most 50 rows.' })
const own = 3
export { own }`)
  t.strictSame(findUndocumentedExports(program, file), [
    'planted.ts:1 no docstring: undocumented',
    'planted.ts:7 no docstring: Bare'
  ])
})

t.test('a long function is found, unless it gives a reason or consists of short ones', async t => {
  const body = (count: number) => 'go()\n'.repeat(count)
  const { program, file } = plant(`declare function go(): void
function long() {
${body(60)}}
// Long because it is one state machine.
function explained() {
${body(60)}}
function service() {
  function one() {
${body(40)}  }
  function two() {
${body(40)}  }
}`)
  t.strictSame(findLongFunctions(program, file), ['planted.ts:2 62 lines in a function, and no "Long because"'])
})

t.test('shipped code has no floating promise, undocumented export or long function without a reason', async t => {
  const program = readProgram()
  const shipped = program.getSourceFiles().filter(({ fileName }) => SHIPPED.test(relative(root, fileName)))

  t.ok(shipped.length > 0)
  t.strictSame(
    shipped.flatMap(file => findFloatingPromises(program, file)),
    []
  )
  t.strictSame(
    shipped.flatMap(file => findLongFunctions(program, file)),
    []
  )
  t.strictSame(
    shipped.flatMap(file => findUndocumentedExports(program, file)),
    []
  )
})
