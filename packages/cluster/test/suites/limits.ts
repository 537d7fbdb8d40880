import type { Test } from 'tap'
import type { Limits } from '../../src/limits.ts'

/** Two nodes of a cluster that no other test uses, and its clock. */
export interface LimitsNodes {
  readonly here: Limits
  readonly there: Limits
  advance(ms: number): void
}

/** Makes two nodes, and closes them when `t` ends. */
export type MakeLimitsNodes = (t: Test) => Promise<LimitsNodes>

const rate = { limit: 3, windowMs: 1_000 }

/** The promises of every limits port, as tests. */
export async function limitsSuite(t: Test, makeNodes: MakeLimitsNodes): Promise<void> {
  await t.test('taking', t => takingSuite(t, makeNodes))
  await t.test('refilling', t => refillSuite(t, makeNodes))
  await t.test('invalid rates', t => invalidRateSuite(t, makeNodes))
}

async function takingSuite(t: Test, makeNodes: MakeLimitsNodes): Promise<void> {
  await t.test('a burst of `limit` uses passes over all nodes, and each answer says what remains', async t => {
    const { here, there } = await makeNodes(t)
    t.same(await here.take('key', rate), { allowed: true, remaining: 2, retryAfterMs: 0, resetMs: 334 })
    t.same(await there.take('key', rate), { allowed: true, remaining: 1, retryAfterMs: 0, resetMs: 667 })
    t.same(await here.take('key', rate), { allowed: true, remaining: 0, retryAfterMs: 0, resetMs: 1_000 })
    t.same(await there.take('key', rate), { allowed: false, remaining: 0, retryAfterMs: 334, resetMs: 1_000 })
  })

  await t.test('of many concurrent uses exactly `limit` pass', async t => {
    const { here, there } = await makeNodes(t)
    const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => (n % 2 ? here : there).take('key', rate)))
    t.equal(answers.filter(({ allowed }) => allowed).length, rate.limit)
  })

  await t.test('keys are counted separately', async t => {
    const { here } = await makeNodes(t)
    await here.take('one', { ...rate, cost: 3 })
    t.match(await here.take('other', rate), { allowed: true, remaining: 2 })
  })

  await t.test('a cost is taken as a whole or not at all, and a cost of 0 takes nothing', async t => {
    const { here } = await makeNodes(t)
    t.match(await here.take('key', { ...rate, cost: 2 }), { allowed: true, remaining: 1 })
    t.match(await here.take('key', { ...rate, cost: 2 }), { allowed: false, remaining: 1, retryAfterMs: 334 })
    t.match(await here.take('key', { ...rate, cost: 0 }), { allowed: true, remaining: 1 })
    t.match(await here.take('key', rate), { allowed: true, remaining: 0 })
  })
}

async function refillSuite(t: Test, makeNodes: MakeLimitsNodes): Promise<void> {
  await t.test('a refused use passes after `retryAfterMs`, and not before', async t => {
    const { here, advance } = await makeNodes(t)
    await here.take('key', { ...rate, cost: 3 })
    const { retryAfterMs } = await here.take('key', rate)
    advance(retryAfterMs - 1)
    t.match(await here.take('key', rate), { allowed: false, retryAfterMs: 1 })
    advance(1)
    t.match(await here.take('key', rate), { allowed: true, remaining: 0 })
  })

  await t.test('after `resetMs` the full limit is available again, and never more', async t => {
    const { here, advance } = await makeNodes(t)
    await here.take('key', { ...rate, cost: 3 })
    advance((await here.take('key', { ...rate, cost: 0 })).resetMs)
    t.same(await here.take('key', { ...rate, cost: 0 }), { allowed: true, remaining: 3, retryAfterMs: 0, resetMs: 0 })
    advance(60_000)
    t.match(await here.take('key', { ...rate, cost: 3 }), { allowed: true, remaining: 0 })
  })

  await t.test('over a long time no more pass than the rate allows', async t => {
    const { here, advance } = await makeNodes(t)
    let passed = 0
    for (let elapsed = 0; elapsed < 10_000; elapsed += 100) {
      if ((await here.take('key', rate)).allowed) passed++
      advance(100)
    }
    t.ok(passed <= 33 && passed >= 32, `${passed} passed in 10 s of 3 a second and a burst of 3`)
  })
}

async function invalidRateSuite(t: Test, makeNodes: MakeLimitsNodes): Promise<void> {
  await t.test('an invalid rate is a RangeError', async t => {
    const { here } = await makeNodes(t)
    for (const bad of [
      { limit: 0 },
      { limit: 1.5 },
      { windowMs: 0 },
      { windowMs: Number.NaN },
      { cost: -1 },
      { cost: 4 },
      { cost: 0.5 }
    ])
      await t.rejects(here.take('key', { ...rate, ...bad }), RangeError, JSON.stringify(bad))
  })
}
