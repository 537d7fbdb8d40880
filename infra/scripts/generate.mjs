// Generates the Prisma client in prisma/client. The generator is a project of its own, infra/generator, because the
// product does not need its 230 MB. `npm install` and `npm ci` run this; it does nothing while the client is up to date.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))
const generator = join(root, 'infra/generator')
const tool = join(generator, 'node_modules/prisma')
const stamp = join(root, 'prisma/client/.made-from')
const { dependencies } = JSON.parse(readFileSync(join(generator, 'package.json'), 'utf8'))
const source = createHash('sha256')
  .update(dependencies.prisma)
  .update(readFileSync(join(root, 'prisma/schema.prisma')))
  .digest('hex')

if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== source) {
  if (installed() !== dependencies.prisma) install()
  generate()
  writeFileSync(stamp, source)
  if (isProduction()) rmSync(join(generator, 'node_modules'), { recursive: true, force: true })
}

/** The installed release of the generator; null without one. */
function installed() {
  const manifest = join(tool, 'package.json')
  return existsSync(manifest) ? JSON.parse(readFileSync(manifest, 'utf8')).version : null
}

/** Installs what infra/generator/package-lock.json names, without the settings of the npm that may run this script. */
function install() {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_ENV$|INIT_CWD$)/i.test(name))
  const kept = Object.entries(process.env).filter(([name]) =>
    /^npm_config_(registry|cache|userconfig|.*proxy|cafile)$/i.test(name)
  )
  const npm = process.env.npm_execpath ?? ''
  const command = /npm-cli\.c?js$/.test(npm) ? [process.execPath, npm] : ['npm']
  run([...command, 'ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: generator,
    env: Object.fromEntries([...inherited, ...kept]),
    shell: command[0] === 'npm' && process.platform === 'win32'
  })
}

/** `prisma generate` would download a schema engine that it does not use. PRISMA_SCHEMA_ENGINE_BINARY prevents that with
 *  the path of any existing program. Never set it for migrations: they would be reported as applied without being
 *  applied. */
function generate() {
  const { bin } = JSON.parse(readFileSync(join(tool, 'package.json'), 'utf8'))
  run([process.execPath, join(tool, bin.prisma), 'generate'], {
    cwd: root,
    env: {
      ...process.env,
      PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
      PRISMA_HIDE_UPDATE_MESSAGE: '1',
      CHECKPOINT_DISABLE: '1'
    }
  })
}

function run([command, ...args], options) {
  const done = spawnSync(command, args, { encoding: 'utf8', timeout: 300_000, ...options })
  if (done.status === 0) return
  const output = `${done.stdout ?? ''}${done.stderr ?? ''}${done.error?.message ?? ''}`
  process.stderr.write(`the Prisma client could not be made: ${args.join(' ')} failed\n${output}\n`)
  process.exit(1)
}

/** Whether `npm ci --omit=dev` runs this. Elsewhere the generator stays, for the next change of the schema. */
function isProduction() {
  return (process.env.npm_config_omit ?? '').split(/\s+/).includes('dev') || process.env.NODE_ENV === 'production'
}
