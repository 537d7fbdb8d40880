import { once } from 'node:events'
import t from 'tap'
import { printer } from '../scripts/printer.ts'
import { judge, readResults, type Tally } from '../scripts/results.ts'

const GREEN: Tally = { passed: 3, failed: 0, skipped: [] }

/** The tally of a TAP stream, and the lines that were printed. */
async function read(tap: string): Promise<{ tally: Tally; printed: string[] }> {
  const printed: string[] = []
  const { sink, tally } = readResults(printer(text => printed.push(text)))
  const complete = once(sink, 'complete')
  sink.end(tap)
  await complete
  return { tally, printed }
}

t.test('an assertion is counted once, not again for its subtest and file', async t => {
  const { tally, printed } = await read(`TAP version 14
# Subtest: apps/api/test/send.test.ts
    # Subtest: a message is stored
        ok 1 - stored
        ok 2 - numbered
        1..2
    ok 1 - a message is stored
    ok 2 - and nothing else
    1..2
ok 1 - apps/api/test/send.test.ts # time=12.4ms
1..1
`)
  t.strictSame(tally, GREEN)
  t.strictSame(printed, ['ok   apps/api/test/send.test.ts (3 passed, 12 ms)'])
})

t.test('a failed assertion is counted once and shown in full, with the titles above it', async t => {
  const { tally, printed } = await read(`TAP version 14
# Subtest: a.test.ts
    # Subtest: sending
        not ok 1 - should be equal
          ---
          diff: |
            -2
            +1
          jobId: 7
          ...
        ok 2 - fine
        1..2
    not ok 1 - sending
    1..1
not ok 1 - a.test.ts # time=5ms
1..1
`)
  t.strictSame(tally, { passed: 1, failed: 1, skipped: [] })
  t.strictSame(printed, [
    '\nnot ok: a.test.ts > sending > should be equal\n  diff:\n    -2\n    +1',
    'FAIL a.test.ts (1 passed, 1 failed, 5 ms)'
  ])
})

t.test('a file that fails without an assertion is one failure', async t => {
  const { tally } = await read('# Subtest: broken.test.ts\n    1..0\nnot ok 1 - broken.test.ts # time=9ms\n1..1\n')
  t.strictSame(tally, { passed: 0, failed: 1, skipped: [] })
})

t.test('skipped assertions, tests and files are each named with their reason', async t => {
  const { tally, printed } = await read(`# Subtest: a.test.ts
    ok 1 - later # TODO not written
    ok 2 - query plans # SKIP no PostgreSQL
    1..2
ok 1 - a.test.ts # time=1ms
# Subtest: b.test.ts
    1..0 # no PostgreSQL
ok 2 - b.test.ts # SKIP no PostgreSQL
1..2
`)
  const skipped = [
    'a.test.ts > later: not written',
    'a.test.ts > query plans: no PostgreSQL',
    'b.test.ts: no PostgreSQL'
  ]
  t.strictSame(tally, { passed: 0, failed: 0, skipped })
  t.strictSame(printed, ['skip a.test.ts (0 passed, 2 skipped, 1 ms)', 'skip b.test.ts (0 passed, 1 skipped, 0 ms)'])
})

t.test('a bail-out is a failure', async t => {
  const { tally } = await read('ok 1 - a.test.ts\nBail out! no memory\n')
  t.equal(tally.failed, 1)
})

t.test('a run without failures ends with the two counts only', async t => {
  for (const ci of [false, true]) {
    const verdict = judge(GREEN, { exitCode: 0, missing: [], ci })
    t.strictSame(verdict, { line: '3 passed, 0 failed', reasons: [], exitCode: 0 })
  }
})

t.test('a failed assertion fails the run', async t => {
  const verdict = judge({ ...GREEN, failed: 2 }, { exitCode: 1, missing: [], ci: false })
  t.strictSame(verdict, { line: '3 passed, 2 failed', reasons: [], exitCode: 1 })
})

t.test('a skipped test is counted, and fails only in CI', async t => {
  const tally = { ...GREEN, skipped: ['b.test.ts: no PostgreSQL'] }
  const outcome = { exitCode: 0, missing: [] }
  t.match(judge(tally, { ...outcome, ci: false }), { line: '3 passed, 0 failed, 1 skipped', exitCode: 0 })
  t.match(judge(tally, { ...outcome, ci: true }), { line: '3 passed, 1 failed, 1 skipped', exitCode: 1 })
})

t.test('a missing service fails only in CI', async t => {
  const outcome = { exitCode: 0, missing: ['PostgreSQL suites: no postgres found'] }
  t.match(judge(GREEN, { ...outcome, ci: false }), { line: '3 passed, 0 failed', exitCode: 0 })
  t.match(judge(GREEN, { ...outcome, ci: true }), { line: '3 passed, 1 failed', exitCode: 1 })
})

t.test('a run fails when tap exits with an error, is ended by a signal, or runs no test', async t => {
  const nothing: Tally = { passed: 0, failed: 0, skipped: [] }
  t.match(judge(GREEN, { exitCode: 7, missing: [], ci: false }), { line: '3 passed, 1 failed', exitCode: 1 })
  t.match(judge(GREEN, { exitCode: null, missing: [], ci: false }), { line: '3 passed, 1 failed', exitCode: 1 })
  t.match(judge(nothing, { exitCode: 0, missing: [], ci: false }), { line: '0 passed, 1 failed', exitCode: 1 })
})
