// Runs the one-process product, or the app that the first argument names, from its sources, bundled afresh (a third of a second).
import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
// biome-ignore lint/correctness/useImportExtensions: the .d.mts beside it makes biome take it for .mts
import { bundle } from './bundle.mjs'

const [app = 'standalone'] = process.argv.splice(2, 1) // what follows is the app's
const MAIN = fileURLToPath(new URL(`../../apps/${app}/src/main.ts`, import.meta.url))

const folder = await mkdtemp(join(tmpdir(), 'rendezvous-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true })) // however it ends, but for kill -9
process.setSourceMapsEnabled(true)
await import(pathToFileURL(await bundle(MAIN, folder)).href)
