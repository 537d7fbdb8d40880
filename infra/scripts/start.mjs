// Runs the one-process product from its sources: bundles them afresh (a third of a second), so that a start neither waits for a loader
// to look at each of a thousand files, nor can be stale. Plain JavaScript, because it runs before TypeScript does. docs/adr/0001.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const MAIN = fileURLToPath(new URL('../../apps/standalone/src/main.ts', import.meta.url))
/** Pure ESM of hundreds of small files, which load faster as one. */
const BUNDLED = /^(@rendezvous|typebox)\b/

/** Leaves packages where they are, found from the file that imports them. */
const packages = {
  name: 'packages',
  setup(bundle) {
    bundle.onResolve({ filter: /^[^./]/ }, async ({ path, resolveDir, kind, pluginData }) => {
      if (pluginData === packages || BUNDLED.test(path) || path.startsWith('node:')) return undefined
      const found = await bundle.resolve(path, { resolveDir, kind, pluginData: packages })
      return found.errors.length > 0 ? found : { path: pathToFileURL(found.path).href, external: true }
    })
  }
}

/** A file that asks where it is still hears of its source. */
const sources = {
  name: 'sources',
  setup(bundle) {
    bundle.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8')
      return { loader: 'ts', contents: text.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href)) }
    })
  }
}

const folder = await mkdtemp(join(tmpdir(), 'rendezvous-'))
const outfile = join(folder, 'main.mjs')
try {
  await build({
    entryPoints: [MAIN],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    sourcemap: 'inline',
    logLevel: 'error',
    plugins: [packages, sources]
  })
  process.setSourceMapsEnabled(true)
  await import(pathToFileURL(outfile).href)
} finally {
  await rm(folder, { recursive: true, force: true })
}
