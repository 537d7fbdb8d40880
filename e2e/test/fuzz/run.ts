import type { Test } from 'tap'
import { startStandalone } from '../standalone.ts'

/** So many reach everything: of fewer it is not asked. */
export const ENOUGH = 20_000
/** How many requests, and how many frames, a run sends. `FUZZ_RUNS` for fewer or more. */
export const RUNS = Number(process.env.FUZZ_RUNS ?? ENOUGH)
/** Printed with every run; `FUZZ_SEED` repeats one. */
export const SEED = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31)
/** What is told of a run that went wrong; the rest is most often the same. */
const TOLD = 10

/** No limits: no answer is hidden behind a 429. */
const generous = { RATE_FACTOR: '0', ...Object.fromEntries(failureBudgets().map(name => [name, '0'])) }

/** Starts a server of which nothing is throttled, and ends it with the test. */
export async function startGenerous(t: Test): Promise<string> {
  const server = await startStandalone(t.testdir(), generous)
  t.teardown(() => server.stop())
  t.comment(`FUZZ_SEED=${SEED} FUZZ_RUNS=${RUNS}`)
  return server.url
}

/** Has `workers` of them at a time do `work` on every item. */
export async function eachOf<T>(items: readonly T[], workers: number, work: (item: T) => Promise<void>): Promise<void> {
  let next = 0
  const worker = async () => {
    for (let item = items[next++]; item !== undefined; item = items[next++]) await work(item)
  }
  await Promise.all(Array.from({ length: workers }, worker))
}

/** Fails `t` when anything was found, and says how to see it again. */
export function report(t: Test, found: readonly string[]): void {
  for (const problem of found.slice(0, TOLD)) t.fail(problem)
  t.equal(found.length, 0, `nothing is found; FUZZ_SEED=${SEED} FUZZ_RUNS=${RUNS} runs the same again`)
}

function failureBudgets(): string[] {
  return ['LOGIN_FAILURES', 'LOGIN_FAILURES_ADDRESS', 'LOGIN_FAILURES_STRANGERS', 'PASSWORD_CHANGE_FAILURES']
}
