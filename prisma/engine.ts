import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import {
  bindMigrationAwareSqlAdapterFactory,
  type SqlMigrationAwareDriverAdapterFactory
} from '@prisma/driver-adapter-utils'
import * as bindings from '@prisma/schema-engine-wasm/schema_engine_bg'

const SCHEMA = new URL('schema.prisma', import.meta.url)
const WASM = createRequire(import.meta.url)
  .resolve('@prisma/schema-engine-wasm/schema_engine_bg')
  .replace(/\.js$/, '.wasm')

/** The history's own table, which no schema names. */
const HISTORY = 'public._prisma_migrations'

/**
 * What Prisma's schema engine would change in the database behind `adapter` so that it agrees with `schema` (schema.prisma when not
 * given): SQL statements without their comments, none when they agree. Of the database it knows tables, columns, keys and plain
 * indexes; checks, partitions, functions, triggers and sequences it does not see. Changes nothing.
 */
export async function differences(adapter: SqlMigrationAwareDriverAdapterFactory, schema?: string): Promise<string[]> {
  await instantiate()
  const content = schema ?? (await readFile(SCHEMA, 'utf8'))
  const files = [{ path: 'schema.prisma', content }]
  const engine = await bindings.SchemaEngine.new(
    { datamodels: [['schema.prisma', content]] },
    () => {},
    bindMigrationAwareSqlAdapterFactory(adapter)
  )
  try {
    const { stdout } = await engine.diff({
      from: { tag: 'schemaDatasource', files, configDir: '.' },
      to: { tag: 'schemaDatamodel', files },
      script: true,
      exitCode: null,
      filters: { externalTables: [HISTORY], externalEnums: [] }
    })
    return statements(stdout ?? '')
  } finally {
    engine.free()
  }
}

/** What of the WebAssembly interface is used here: its types come with the browser's, which this project does not load. */
declare const WebAssembly: {
  instantiate(bytes: Uint8Array, imports: object): Promise<{ instance: { exports: { __wbindgen_start(): void } } }>
}

/** The package's own entry imports `.wasm`, which Node 20 refuses: the module is instantiated by hand, once. */
let instantiated: Promise<void> | undefined
function instantiate(): Promise<void> {
  instantiated ??= readFile(WASM).then(async bytes => {
    const { instance } = await WebAssembly.instantiate(bytes, { './schema_engine_bg.js': bindings })
    const setWasm: unknown = Reflect.get(bindings, '__wbg_set_wasm')
    if (typeof setWasm !== 'function') throw new Error('the schema engine has another shape than it had')
    setWasm(instance.exports)
    instance.exports.__wbindgen_start()
  })
  return instantiated
}

function statements(script: string): string[] {
  return script
    .replaceAll(/^--.*$/gm, '')
    .split(/;\s*$/m)
    .map(statement => statement.trim())
    .filter(statement => statement !== '')
}
