import { execFile } from 'node:child_process'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'

interface Violation {
  from: string
  to: string
  rule: { name: string }
}

const require = createRequire(import.meta.url)
const config = fileURLToPath(new URL('../../.dependency-cruiser.cjs', import.meta.url))
const depcruise = fileURLToPath(
  new URL('../../node_modules/dependency-cruiser/bin/dependency-cruise.mjs', import.meta.url)
)

const WORKSPACES = [
  'apps/api',
  'apps/gateway',
  'apps/standalone',
  'packages/cluster',
  'packages/contract',
  'packages/tokens'
]

/** One file for each rule that breaks it, and nothing else. */
const PLANTED: Record<string, { from: string; source: string }> = {
  'no-circular': {
    from: 'packages/tokens/src/cycle-a.ts',
    source: "import type { B } from './cycle-b.ts'\nexport type A = B"
  },
  'no-unresolvable': { from: 'apps/gateway/src/lost.ts', source: "import './nowhere.ts'" },
  'packages-know-no-app': { from: 'packages/cluster/src/up.ts', source: "import type {} from '@rendezvous/api'" },
  'contract-is-a-leaf': { from: 'packages/contract/src/up.ts', source: "import type {} from '@rendezvous/tokens'" },
  'api-and-gateway-are-strangers': { from: 'apps/gateway/src/peer.ts', source: "import '@rendezvous/api'" },
  'workspaces-import-by-name': {
    from: 'apps/gateway/src/deep.ts',
    source: "import '../../../packages/contract/src/index.ts'"
  },
  'src-knows-no-test': { from: 'apps/api/src/tested.ts', source: "import '../test/fake.ts'" },
  'src-needs-no-dev-dependency': { from: 'apps/api/src/tapped.ts', source: "import t from 'tap'\nexport { t }" },
  'routes-call-services': { from: 'apps/api/src/routes/sql.ts', source: "import '../adapters/users.ts'" },
  'services-know-ports': { from: 'apps/api/src/services/http.ts', source: "import '../kernel/problem.ts'" },
  'ports-know-the-contract': { from: 'apps/api/src/ports/up.ts', source: "import type {} from '../services/users.ts'" },
  'ports-are-types': { from: 'apps/api/src/ports/bound.ts', source: "import tap from 'tap'\nexport { tap }" },
  'adapters-know-ports': { from: 'apps/api/src/adapters/up.ts', source: "import '../services/users.ts'" },
  'database-is-the-bottom': { from: 'apps/api/src/database/up.ts', source: "import type {} from '../ports/users.ts'" },
  'kernel-knows-no-feature': { from: 'apps/api/src/kernel/up.ts', source: "import '../routes/users.ts'" },
  'only-composition-constructs': { from: 'apps/api/src/app.ts', source: "import './adapters/users.ts'" },
  'nobody-imports-main': { from: 'apps/standalone/src/again.ts', source: "import './main.ts'" },
  'hub-knows-topics-and-sockets': { from: 'apps/gateway/src/hub.ts', source: "import type {} from './upgrade.ts'" }
}

/** What the planted files import, itself blameless. */
const SOUND: Record<string, string> = {
  'apps/api/src/index.ts': "import './routes/users.ts'",
  'apps/api/src/main.ts': "import './adapters/users.ts'",
  'apps/api/src/adapters/users.ts': "import type {} from '../ports/users.ts'\nimport '../database/port.ts'",
  'apps/api/src/database/port.ts': 'export type Database = never',
  'apps/api/src/kernel/problem.ts': "import type {} from '@rendezvous/contract'",
  'apps/api/src/ports/users.ts': "import type {} from '@rendezvous/contract'",
  'apps/api/src/routes/users.ts': "import '../services/users.ts'\nimport '../kernel/problem.ts'",
  'apps/api/src/services/users.ts':
    "import type {} from '../ports/users.ts'\nimport type {} from '@rendezvous/cluster'",
  'apps/api/test/fake.ts': "import '../src/adapters/users.ts'\nimport '@rendezvous/gateway'",
  'apps/gateway/src/index.ts': "import type {} from './upgrade.ts'",
  'apps/gateway/src/upgrade.ts': "import type {} from '@rendezvous/tokens'",
  'apps/standalone/src/index.ts': "import '@rendezvous/api'\nimport '@rendezvous/gateway'",
  'apps/standalone/src/main.ts': "import '@rendezvous/api'\nimport '@rendezvous/gateway'",
  'packages/cluster/src/index.ts': "import type {} from '@rendezvous/contract'",
  'packages/contract/src/index.ts': 'export {}',
  'packages/tokens/src/index.ts': "import type {} from '@rendezvous/contract'"
}

/** The other half of the cycle: types alone, which vanish when compiled. */
const CYCLE = { 'packages/tokens/src/cycle-b.ts': "import type { A } from './cycle-a.ts'\nexport type B = A" }

t.test('a sound tree breaks no rule', async t => {
  t.strictSame(await findViolations(await plantTree(t, SOUND)), [])
})

t.test('every rule finds its planted violation', async t => {
  const planted = Object.values(PLANTED).map(({ from, source }) => [from, source])
  const found = await findViolations(await plantTree(t, { ...SOUND, ...CYCLE, ...Object.fromEntries(planted) }))

  for (const { name } of require(config).forbidden) {
    const from = PLANTED[name]?.from
    t.ok(
      found.some(violation => violation.rule.name === name && violation.from === from),
      `${name} in ${from}`
    )
  }
})

/** Writes a tree of workspaces linked as npm links them; answers its root. */
async function plantTree(t: Test, files: Record<string, string>): Promise<string> {
  const root = t.testdir()
  const write = async (path: string, content: string) => {
    await mkdir(join(root, dirname(path)), { recursive: true })
    await writeFile(join(root, path), content)
  }
  await write('package.json', '{}')
  await mkdir(join(root, 'node_modules/@rendezvous'), { recursive: true })
  for (const workspace of WORKSPACES) {
    const name = `@rendezvous/${basename(workspace)}`
    await write(`${workspace}/package.json`, JSON.stringify({ name, type: 'module', exports: './src/index.ts' }))
    await symlink(join(root, workspace), join(root, 'node_modules', name))
  }
  for (const [path, content] of Object.entries(files)) await write(path, content)
  return root
}

/** Runs dependency-cruiser over `root` with the rules of this repository. */
async function findViolations(root: string): Promise<Violation[]> {
  const args = [depcruise, 'apps', 'packages', '--config', config, '--output-type', 'json']
  const json = await new Promise<string>((resolve, reject) => {
    execFile(process.execPath, args, { cwd: root, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      if (error && stdout === '')
        reject(new Error(stderr, { cause: error })) // its exit code counts the violations
      else resolve(stdout)
    })
  })
  return JSON.parse(json).summary.violations
}
