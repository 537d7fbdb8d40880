// Bundles (in a third of a second) and runs apps/standalone, or the app that the first argument names.
import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
// biome-ignore lint/correctness/useImportExtensions: biome resolves it to bundle.d.mts
import { bundle } from './bundle.mjs'

const [app = 'standalone'] = process.argv.splice(2, 1) // the app reads the remaining arguments
const MAIN = fileURLToPath(new URL(`../../apps/${app}/src/main.ts`, import.meta.url))

const folder = await mkdtemp(join(tmpdir(), 'rendezvous-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true })) // at every exit except kill -9
process.setSourceMapsEnabled(true)
await import(pathToFileURL(await bundle(MAIN, folder)).href)
