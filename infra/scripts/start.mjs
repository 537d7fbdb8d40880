// Runs the one-process product, or the app that the first argument names, from its sources, bundled afresh (a third of a second).
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
// biome-ignore lint/correctness/useImportExtensions: the .d.mts beside it makes biome take it for .mts
import { bundle } from './bundle.mjs'

const [app = 'standalone'] = process.argv.splice(2, 1) // what follows is the app's
const MAIN = fileURLToPath(new URL(`../../apps/${app}/src/main.ts`, import.meta.url))

const folder = await mkdtemp(join(tmpdir(), 'rendezvous-'))
try {
  const file = await bundle(MAIN, folder)
  process.setSourceMapsEnabled(true)
  await import(pathToFileURL(file).href)
} finally {
  await rm(folder, { recursive: true, force: true })
}
