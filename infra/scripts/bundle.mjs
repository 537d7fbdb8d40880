// Bundles what starts from TypeScript sources, so that a start neither waits for a loader to look at each of a thousand files, nor can be
// stale. Plain JavaScript, because it runs before TypeScript does. docs/adr/0001.
import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'

/** Pure ESM of hundreds of small files, which load faster as one. */
const BUNDLED = /^(@rendezvous|typebox)\b/

/** Leaves packages where they are, found from the file that imports them. */
const packages = {
  name: 'packages',
  setup(bundler) {
    bundler.onResolve({ filter: /^[^./]/ }, async ({ path, resolveDir, kind, pluginData }) => {
      if (pluginData === packages || BUNDLED.test(path) || path.startsWith('node:')) return undefined
      const found = await bundler.resolve(path, { resolveDir, kind, pluginData: packages })
      return found.errors.length > 0 ? found : { path: pathToFileURL(found.path).href, external: true }
    })
  }
}

/** A file that asks where it is still hears of its source. */
const sources = {
  name: 'sources',
  setup(bundler) {
    bundler.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8')
      return { loader: 'ts', contents: text.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href)) }
    })
  }
}

/** Bundles the file `entry` and what it imports into `folder`, and answers the file to run: it stands alone but for packages, and what it
 *  imports when it needs it. */
export async function bundle(entry, folder) {
  await build({
    entryPoints: [entry],
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    sourcemap: 'inline',
    logLevel: 'error',
    plugins: [packages, sources]
  })
  return join(folder, basename(entry).replace(/\.ts$/, '.mjs'))
}
