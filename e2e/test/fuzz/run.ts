import type { Test } from 'tap'
import { startStandalone } from '../standalone.ts'

/** The number of runs that reaches every operation and command. With fewer, that is not asserted. */
export const ENOUGH = 20_000
/** The number of requests, and of frames, of a run. `FUZZ_RUNS` changes it. */
export const RUNS = Number(process.env.FUZZ_RUNS ?? ENOUGH)
/** The seed, which every run prints. `FUZZ_SEED` repeats a run. */
export const SEED = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31)
/** The most problems that a failed run prints; further ones are usually the same. */
const REPORTED = 10

/** Turns every rate limit off, so that no answer is replaced by a 429. */
const unlimited = { RATE_FACTOR: '0', ...Object.fromEntries(failureBudgets().map(name => [name, '0'])) }

/** Starts a server without rate limits, and stops it with the test. */
export async function startUnlimited(t: Test): Promise<string> {
  const server = await startStandalone(t.testdir(), unlimited)
  t.teardown(() => server.stop())
  t.comment(`FUZZ_SEED=${SEED} FUZZ_RUNS=${RUNS}`)
  return server.url
}

/** Does `work` on every item, at most `workers` at a time. */
export async function forEach<T>(
  items: readonly T[],
  workers: number,
  work: (item: T) => Promise<void>
): Promise<void> {
  let next = 0
  const worker = async () => {
    for (let item = items[next++]; item !== undefined; item = items[next++]) await work(item)
  }
  await Promise.all(Array.from({ length: workers }, worker))
}

/** Fails `t` for each problem, and prints how to repeat the run. */
export function report(t: Test, found: readonly string[]): void {
  for (const problem of found.slice(0, REPORTED)) t.fail(problem)
  t.equal(found.length, 0, `nothing is found; FUZZ_SEED=${SEED} FUZZ_RUNS=${RUNS} runs the same again`)
}

function failureBudgets(): string[] {
  return ['LOGIN_FAILURES', 'LOGIN_FAILURES_ADDRESS', 'LOGIN_FAILURES_STRANGERS', 'PASSWORD_CHANGE_FAILURES']
}
