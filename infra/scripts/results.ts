import { Parser, type Result } from 'tap-parser'

/** What was seen of a test run. An assertion is counted once, where it was made; a subtest or file that failed
 *  without a failing assertion of its own (it threw while loading, timed out) counts as one failure. */
export interface Tally {
  passed: number
  failed: number
  /** One sentence for each skipped or unfinished (TODO) test, with its reason. */
  skipped: string[]
}

/** An assertion that failed, as the reader must see it. */
export interface Failure {
  /** The titles from the file down to the assertion, joined by ` > `. */
  title: string
  /** What tap found out (diff, stack, source), in its own words. */
  details: Record<string, unknown>
}

/** Told while the results come in: `failed` for each failure at once, `finished` when a test file is through. */
export interface Listener {
  failed(failure: Failure): void
  finished(file: string, tally: Tally, milliseconds: number): void
}

/** What the run around tap knows: its exit code (null when a signal ended it), the services it had to do without,
 *  and whether this is CI, where nothing may be left out. */
export interface Circumstances {
  exitCode: number | null
  missing: string[]
  ci: boolean
}

/** The end of a run: `line` is the last line to print, `reasons` are failures that no assertion shows and that
 *  `line` counts too, `exitCode` is 0 only when `line` says `0 failed`. */
export interface Verdict {
  line: string
  reasons: string[]
  exitCode: 0 | 1
}

/** Reads a TAP stream and counts its assertions. Write the stream into `sink`; `tally` is complete once the sink
 *  has emitted `complete`. */
export function readResults(listener: Listener): { sink: Parser; tally: Tally } {
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

/** Judges a run: a failed assertion fails it, and so does tap ending badly on its own, a run of nothing, and in CI
 *  a missing service or a skipped test. */
export function judge(tally: Tally, { exitCode, missing, ci }: Circumstances): Verdict {
  const reasons: string[] = []
  if (exitCode === null) reasons.push('tap was ended by a signal')
  else if (exitCode !== 0 && tally.failed === 0) reasons.push(`tap ended with code ${exitCode}, though nothing failed`)
  if (tally.passed + tally.failed + tally.skipped.length === 0) reasons.push('no test was run')
  if (ci && missing.length > 0) reasons.push(`CI runs everything, yet could not run: ${missing.join('; ')}`)
  if (ci && tally.skipped.length > 0) reasons.push(`CI runs everything, yet ${tally.skipped.length} skipped`)

  const failed = tally.failed + reasons.length
  const skipped = tally.skipped.length > 0 ? `, ${tally.skipped.length} skipped` : ''
  return { line: `${tally.passed} passed, ${failed} failed${skipped}`, reasons, exitCode: failed === 0 ? 0 : 1 }
}

function watch(parser: Parser, path: string[], tally: Tally, listener: Listener): void {
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

/** Whether the point that closes a subtest says nothing beyond what was counted inside it. */
function isExplained(closing: Result, inner: Tally): boolean {
  if (!closing.ok) return inner.failed > 0
  return inner.passed + inner.failed + inner.skipped.length > 0
}

function record(result: Result, path: string[], tally: Tally, listener: Listener): void {
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
