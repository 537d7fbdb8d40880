import t from 'tap'
import type { Queryable } from '../../src/database/port.ts'
import { readiness } from '../../src/health/adapter.ts'

/** A database whose queries are answered by hand, and a clock that is set by hand. */
function scripted() {
  const queries: { readonly answer: () => void; readonly fail: () => void }[] = []
  const database = {
    query: () =>
      new Promise((resolve, reject) => {
        queries.push({ answer: () => resolve([]), fail: () => reject(new Error('no database')) })
      })
  } as Queryable
  const clock = { now: 0 }
  return { queries, clock, health: readiness(database, { uptime: () => clock.now, deadlineMs: 60_000 }) }
}

t.test('those who ask at once share one query, and its answer counts for a second', async t => {
  const { queries, clock, health } = scripted()
  const asked = [health.ready(), health.ready(), health.ready()]
  t.equal(queries.length, 1)
  queries[0]?.answer()
  await Promise.all(asked)

  clock.now = 999
  await health.ready()
  t.equal(queries.length, 1)

  clock.now = 1_000
  const later = health.ready()
  t.equal(queries.length, 2)
  queries[1]?.answer()
  await later
})

t.test('a failure counts for a second too, and then the node can become ready again', async t => {
  const { queries, clock, health } = scripted()
  const first = health.ready()
  queries[0]?.fail()
  await t.rejects(first, /no database/)
  await t.rejects(health.ready(), /no database/)
  t.equal(queries.length, 1)

  clock.now = 1_000
  const second = health.ready()
  queries[1]?.answer()
  await second
})

t.test('no second query is sent while one is under way, however long it takes', async t => {
  const { queries, clock, health } = scripted()
  const first = health.ready()
  clock.now = 50_000
  const second = health.ready()
  t.equal(queries.length, 1)
  queries[0]?.answer()
  await Promise.all([first, second])
})

t.test('a database that does not answer within the deadline makes the node unready', async t => {
  const silent = { query: () => new Promise(() => {}) } as Queryable
  const health = readiness(silent, { deadlineMs: 1 })
  await t.rejects(health.ready(), /did not answer within 1 ms/)
  await t.rejects(health.ready(), /did not answer within 1 ms/, 'nor does it ask again')
})
