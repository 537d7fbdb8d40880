import { Parser, type Result } from 'tap-parser'

/** The counts of a test run. An assertion is counted once, where it was made. A subtest or file that failed without a
 *  failed assertion, for example because it timed out, counts as one failure. */
export interface Tally {
  passed: number
  failed: number
  /** One sentence for each skipped or unfinished (TODO) test, with its reason. */
  skipped: string[]
}

/** A failed assertion, as it is shown to the reader. */
export interface Failure {
  /** The titles from the file down to the assertion, joined by ` > `. */
  title: string
  /** The diagnostics of tap: diff, stack, source. */
  details: Record<string, unknown>
}

/** Receives results while they come in: `failed` once per failure, `finished` once per test file. */
export interface ResultListener {
  failed(failure: Failure): void
  finished(file: string, tally: Tally, milliseconds: number): void
}

/** The outcome of tap apart from its results: its exit code (null if a signal ended it), the services that were missing,
 *  and whether this is CI, where missing services and skipped tests are failures. */
export interface RunOutcome {
  exitCode: number | null
  missing: string[]
  ci: boolean
}

/** The verdict on a run. `line` is the last line to print. `reasons` are failures other than assertions, which `line`
 *  counts too. `exitCode` is 0 only if `line` says `0 failed`. */
export interface Verdict {
  line: string
  reasons: string[]
  exitCode: 0 | 1
}

/** Counts the assertions of the TAP stream written to `sink`. `tally` is complete once `sink` emits `complete`. */
export function readResults(listener: ResultListener): { sink: Parser; tally: Tally } {
  const tally: Tally = { passed: 0, failed: 0, skipped: [] }
  const sink = new Parser()
  let before = snapshot(tally)
  watch(sink, [], tally, listener)
  sink.on('assert', (file: Result) => {
    listener.finished(file.name, since(before, tally), file.time ?? 0)
    before = snapshot(tally)
  })
  sink.on('bailout', (reason: string) => {
    tally.failed += 1
    listener.failed({ title: `bail out: ${reason}`, details: {} })
  })
  return { sink, tally }
}

/** The verdict on a run. It fails with a failed assertion, an exit code of tap other than 0, or no test at all; in CI
 *  also with a missing service or a skipped test. */
export function judge(tally: Tally, { exitCode, missing, ci }: RunOutcome): Verdict {
  const reasons: string[] = []
  if (exitCode === null) reasons.push('tap was ended by a signal')
  else if (exitCode !== 0 && tally.failed === 0)
    reasons.push(`tap ended with code ${exitCode} without a failed assertion`)
  if (tally.passed + tally.failed + tally.skipped.length === 0) reasons.push('no test was run')
  if (ci && missing.length > 0) reasons.push(`in CI nothing may be missing: ${missing.join('; ')}`)
  if (ci && tally.skipped.length > 0) reasons.push(`in CI nothing may be skipped: ${tally.skipped.length} were`)

  const failed = tally.failed + reasons.length
  const skipped = tally.skipped.length > 0 ? `, ${tally.skipped.length} skipped` : ''
  return { line: `${tally.passed} passed, ${failed} failed${skipped}`, reasons, exitCode: failed === 0 ? 0 : 1 }
}

function watch(parser: Parser, path: string[], tally: Tally, listener: ResultListener): void {
  let start: Tally | null = null
  parser.on('child', (child: Parser) => {
    start = snapshot(tally)
    watch(child, [...path, child.name], tally, listener)
  })
  parser.on('assert', (result: Result) => {
    const inner = result.closingTestPoint && start !== null ? since(start, tally) : null
    if (inner !== null && isExplained(result, inner)) return

    record(result, path, tally, listener)
  })
}

/** Whether the result that closes a subtest follows from the assertions counted inside it. */
function isExplained(closing: Result, inner: Tally): boolean {
  if (!closing.ok) return inner.failed > 0
  return inner.passed + inner.failed + inner.skipped.length > 0
}

function record(result: Result, path: string[], tally: Tally, listener: ResultListener): void {
  const title = [...path, result.name].join(' > ')
  const why = result.skip || result.todo
  if (why) {
    tally.skipped.push(why === true ? title : `${title}: ${why}`)
  } else if (result.ok) {
    tally.passed += 1
  } else {
    tally.failed += 1
    listener.failed({ title, details: result.diag ?? {} })
  }
}

function snapshot(tally: Tally): Tally {
  return { ...tally, skipped: [...tally.skipped] }
}

function since(before: Tally, now: Tally): Tally {
  return {
    passed: now.passed - before.passed,
    failed: now.failed - before.failed,
    skipped: now.skipped.slice(before.skipped.length)
  }
}
