import t from 'tap'
import { readConfig, UsageError, usage } from '../src/config.ts'

const from = 'postgres://me@old.example:5432/chat'
const needed = ['--from', from, '--shape', 'gmessagerie']

t.test('source and shape are required, the other arguments have defaults', async t => {
  t.match(readConfig(needed, { DATA_DIR: '/srv/data' }), {
    ...{ from, shape: 'gmessagerie', name: 'gmessagerie', mapping: null, batch: 500, dryRun: false, report: null },
    target: { DATA_DIR: '/srv/data' }
  })
  t.match(readConfig([...needed, '--name', 'old', '--batch', '50', '--dry-run', '--report', 'r.json'], {}), {
    ...{ name: 'old', batch: 50, dryRun: true, report: 'r.json' }
  })
  t.equal(readConfig(['--help'], {}), null)
})

t.test('the help says what a dry run does not undo', async t => {
  t.match(usage, /--dry-run .*undoes it\. Two things stay: the target database is migrated first, and the ids/)
})

t.test('invalid arguments are refused with the usage', async t => {
  const bad = [
    [],
    ['--from', 'mysql://x', '--shape', 'gmessagerie'],
    ['--from', from],
    ['--from', from, '--shape', 'toString'],
    [...needed, '--batch', '0'],
    [...needed, '--batch', '5000'],
    [...needed, '--name', 'a b'],
    [...needed, '--force'],
    [...needed, 'more']
  ]
  for (const args of bad) {
    t.throws(() => readConfig(args, {}), UsageError, args.join(' '))
    t.throws(() => readConfig(args, {}), { message: /--from URL/ })
  }
})
