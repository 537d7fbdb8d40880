// Bundles an app from its TypeScript sources at each start: faster than a loader that reads a thousand files, and never
// stale. It is plain JavaScript because it runs before TypeScript can. See docs/adr/0001.
import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'

/** Packages to bundle. Typebox has hundreds of small files, which load faster as one. */
const BUNDLED = /^(@rendezvous|typebox)\b/

/** Keeps other packages external, resolved from the file that imports them. */
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

/** Replaces `import.meta.url` by the URL of the source file, which the bundle would change. */
const sources = {
  name: 'sources',
  setup(bundler) {
    bundler.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8')
      return { loader: 'ts', contents: text.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href)) }
    })
  }
}

/** Bundles `entry` and its imports into `folder`. Returns the path of the file to run. Dynamic imports become files of
 *  their own. */
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
