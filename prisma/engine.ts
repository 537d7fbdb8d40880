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

/** Prisma's own table of applied migrations, which is not in the schema. */
const MIGRATIONS = 'public._prisma_migrations'

/**
 * The SQL statements, without comments, by which the database behind `adapter` would match `schema` (by default
 * schema.prisma); none if it matches. Prisma's schema engine compares tables, columns, keys and plain indexes, but not
 * checks, partitions, functions, triggers and sequences. The database is not changed.
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
      filters: { externalTables: [MIGRATIONS], externalEnums: [] }
    })
    return statements(stdout ?? '')
  } finally {
    engine.free()
  }
}

/** The part of WebAssembly that is used here. Its types belong to those of browsers, which this project does not load. */
declare const WebAssembly: {
  instantiate(bytes: Uint8Array, imports: object): Promise<{ instance: { exports: { __wbindgen_start(): void } } }>
}

/** The entry of the package imports a `.wasm` file, which Node 20 refuses. So the module is instantiated here, once. */
let instantiated: Promise<void> | undefined
function instantiate(): Promise<void> {
  instantiated ??= readFile(WASM).then(async bytes => {
    const { instance } = await WebAssembly.instantiate(bytes, { './schema_engine_bg.js': bindings })
    const setWasm: unknown = Reflect.get(bindings, '__wbg_set_wasm')
    if (typeof setWasm !== 'function') throw new Error('@prisma/schema-engine-wasm no longer exports __wbg_set_wasm')
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
