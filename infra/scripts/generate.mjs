// Generates the Prisma client in prisma/client without network. `prisma generate` would download a schema engine that it
// does not use. PRISMA_SCHEMA_ENGINE_BINARY prevents that with the path of any existing program. Never set it for
// migrations: they would be reported as applied without being applied.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))
const { version, bin } = createRequire(import.meta.url)('prisma/package.json')
const stamp = `${root}prisma/client/.made-from`
const source = createHash('sha256')
  .update(version)
  .update(readFileSync(`${root}prisma/schema.prisma`))
  .digest('hex')

if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== source) {
  const made = spawnSync(process.execPath, [`${root}node_modules/prisma/${bin.prisma}`, 'generate'], {
    cwd: root,
    encoding: 'utf8',
    timeout: 120_000,
    env: {
      ...process.env,
      PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
      PRISMA_HIDE_UPDATE_MESSAGE: '1',
      CHECKPOINT_DISABLE: '1'
    }
  })
  if (made.status !== 0) {
    process.stderr.write(
      `prisma generate failed\n${made.stdout ?? ''}${made.stderr ?? ''}${made.error?.message ?? ''}\n`
    )
    process.exit(1)
  }
  writeFileSync(stamp, source)
}
