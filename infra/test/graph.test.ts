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
  'apps/import',
  'apps/standalone',
  'packages/cluster',
  'packages/contract',
  'packages/tokens'
]

/** For each rule, one file that breaks it and no other rule. */
const PLANTED: Record<string, { from: string; source: string }> = {
  'no-circular': {
    from: 'packages/tokens/src/cycle-a.ts',
    source: "import type { B } from './cycle-b.ts'\nexport type A = B"
  },
  'no-unresolvable': { from: 'apps/gateway/src/lost.ts', source: "import './nowhere.ts'" },
  'packages-know-no-app': { from: 'packages/cluster/src/up.ts', source: "import type {} from '@rendezvous/api'" },
  'contract-is-a-leaf': { from: 'packages/contract/src/up.ts', source: "import type {} from '@rendezvous/tokens'" },
  'api-and-gateway-are-separate': { from: 'apps/gateway/src/peer.ts', source: "import '@rendezvous/api'" },
  'import-and-standalone-are-separate': {
    from: 'apps/import/src/peer.ts',
    source: "import '@rendezvous/standalone'"
  },
  'workspaces-import-by-name': {
    from: 'apps/gateway/src/deep.ts',
    source: "import '../../../packages/contract/src/index.ts'"
  },
  'src-knows-no-test': { from: 'apps/api/src/tested.ts', source: "import '../test/fake.ts'" },
  'src-needs-no-dev-dependency': { from: 'apps/api/src/tapped.ts', source: "import t from 'tap'\nexport { t }" },
  'routes-call-services': { from: 'apps/api/src/chat/notes/route.ts', source: "import './adapter.ts'" },
  'services-know-ports': { from: 'apps/api/src/chat/notes/service.ts', source: "import '../../kernel/problem.ts'" },
  'ports-know-the-contract': { from: 'apps/api/src/chat/up/port.ts', source: "import type {} from './terms.ts'" },
  'ports-are-types': { from: 'apps/api/src/chat/bound/port.ts', source: "import tap from 'tap'\nexport { tap }" },
  'adapters-know-ports': { from: 'apps/api/src/chat/up/adapter.ts', source: "import './terms.ts'" },
  'database-is-the-bottom': {
    from: 'apps/api/src/database/up.ts',
    source: "import type {} from '../kernel/problem.ts'"
  },
  'kernel-knows-no-feature': { from: 'apps/api/src/kernel/up.ts', source: "import '../people/users/route.ts'" },
  'announce-knows-no-domain': {
    from: 'apps/api/src/announce/up.ts',
    source: "import type {} from '../people/users/port.ts'"
  },
  'audit-knows-no-domain': {
    from: 'apps/api/src/audit/up.ts',
    source: "import type {} from '../people/users/port.ts'"
  },
  'people-know-no-chat': { from: 'apps/api/src/people/up.ts', source: "import type {} from '../chat/up/terms.ts'" },
  'chat-knows-no-gateway': { from: 'apps/api/src/chat/over.ts', source: "import type {} from '../gateways/calls.ts'" },
  'health-knows-no-domain': {
    from: 'apps/api/src/health/up.ts',
    source: "import type {} from '../people/users/port.ts'"
  },
  'only-composition-constructs': { from: 'apps/api/src/app.ts', source: "import './people/users/adapter.ts'" },
  'nobody-imports-main': { from: 'apps/standalone/src/again.ts', source: "import './main.ts'" },
  'hub-knows-topics-and-sockets': {
    from: 'apps/gateway/src/hub/up.ts',
    source: "import type {} from '../socket/connection.ts'"
  },
  'backend-calls-know-no-socket': {
    from: 'apps/gateway/src/backend/up.ts',
    source: "import type {} from '../socket/connection.ts'"
  },
  'presence-knows-no-socket': {
    from: 'apps/gateway/src/presence/up.ts',
    source: "import type {} from '../socket/connection.ts'"
  },
  'rooms-know-the-hub': {
    from: 'apps/gateway/src/rooms/up.ts',
    source: "import type {} from '../socket/connection.ts'"
  },
  'commands-know-no-connection': {
    from: 'apps/gateway/src/commands/up.ts',
    source: "import type {} from '../socket/connection.ts'"
  },
  'upgrade-opens-no-socket': {
    from: 'apps/gateway/src/upgrade/up.ts',
    source: "import type {} from '../socket/connection.ts'"
  }
}

/** The files that the planted ones import. They break no rule. */
const SOUND: Record<string, string> = {
  'apps/api/src/index.ts': "import './people/users/route.ts'",
  'apps/api/src/main.ts': "import './people/users/adapter.ts'",
  'apps/api/src/people/users/adapter.ts': "import type {} from './port.ts'\nimport '../../database/port.ts'",
  'apps/api/src/chat/notes/adapter.ts': "import '../../people/users/adapter.ts'",
  'apps/api/src/chat/up/terms.ts': "import type {} from '../../people/users/port.ts'",
  'apps/api/src/gateways/calls.ts': "import type {} from '../chat/up/terms.ts'",
  'apps/api/src/announce/runs.ts': 'export type Run = never',
  'apps/api/src/database/port.ts': 'export type Database = never',
  'apps/api/src/kernel/problem.ts': "import type {} from '@rendezvous/contract'",
  'apps/api/src/people/users/port.ts': "import type {} from '@rendezvous/contract'",
  'apps/api/src/people/users/route.ts': "import './service.ts'\nimport '../../kernel/problem.ts'",
  'apps/api/src/people/users/service.ts':
    "import type {} from './port.ts'\nimport '../../announce/runs.ts'\nimport type {} from '@rendezvous/cluster'",
  'apps/api/test/fake.ts': "import '../src/people/users/adapter.ts'\nimport '@rendezvous/gateway'",
  'apps/gateway/src/timers.ts': 'export type Timers = never',
  'apps/gateway/src/hub/hub.ts': "import type {} from '../timers.ts'",
  'apps/gateway/src/backend/batches.ts': "import type {} from '../timers.ts'",
  'apps/gateway/src/rooms/room.ts': "import type {} from '../hub/hub.ts'\nimport type {} from '../backend/batches.ts'",
  'apps/gateway/src/socket/connection.ts':
    "import type {} from '../rooms/room.ts'\nimport type {} from '../hub/hub.ts'",
  'apps/gateway/src/index.ts': "import type {} from './upgrade/admission.ts'",
  'apps/gateway/src/upgrade/admission.ts': "import type {} from '@rendezvous/tokens'",
  'apps/standalone/src/index.ts': "import '@rendezvous/api'\nimport '@rendezvous/gateway'",
  'apps/standalone/src/main.ts': "import '@rendezvous/api'\nimport '@rendezvous/gateway'",
  'apps/import/src/main.ts': "import '@rendezvous/api'",
  'packages/cluster/src/index.ts': "import type {} from '@rendezvous/contract'",
  'packages/contract/src/index.ts': 'export {}',
  'packages/tokens/src/index.ts': "import type {} from '@rendezvous/contract'"
}

/** The second file of the cycle, which consists of type imports only. */
const CYCLE = { 'packages/tokens/src/cycle-b.ts': "import type { A } from './cycle-a.ts'\nexport type B = A" }

t.test('a tree without violations breaks no rule', async t => {
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

/** Writes a tree of workspaces, linked as npm links them. Returns its root. */
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
        reject(new Error(stderr, { cause: error })) // its exit code is the number of violations
      else resolve(stdout)
    })
  })
  return JSON.parse(json).summary.violations
}
