import { randomUUID } from 'node:crypto'
import t from 'tap'
import { databaseSessions } from '../../src/people/sessions/adapter.ts'
import type { RefreshOutcome, RefreshUse } from '../../src/people/sessions/port.ts'
import { onEveryEngine } from '../database/engines.ts'
import { signIn, stateOf } from './people.ts'

const FAR = Date.UTC(2100, 0)

/** The use of a refresh token, its outcome, and the token that it was issued for, if known. The letter is the
 *  generation, from `a` on. A capital has no generation: it is from a release before generations. */
type Use = readonly [token: string, outcome: RefreshOutcome['status'], parent?: string]

const histories: Readonly<Record<string, readonly Use[]>> = {
  'a client that never stores the successor can reuse the same token': [
    ['a', 'ok'],
    ['a', 'ok'],
    ['a', 'ok']
  ],
  'a client that lost the answer can ask again': [
    ['a', 'ok'],
    ['a', 'ok'],
    ['b2', 'ok'],
    ['b2', 'ok'],
    ['c', 'ok']
  ],
  'a client that stores each successor can continue': [
    ['a', 'ok'],
    ['b', 'ok'],
    ['c', 'ok'],
    ['d', 'ok']
  ],
  'of two successors the first in use continues, and the other ends the session': [
    ['a', 'ok'],
    ['a', 'ok'],
    ['b1', 'ok'],
    ['b2', 'reused'],
    ['b1', 'ended'],
    ['c1', 'ended']
  ],
  'a stale successor ends the session in any later generation': [
    ['a', 'ok'],
    ['b1', 'ok'],
    ['c1', 'ok'],
    ['d1', 'ok'],
    ['b2', 'reused'],
    ['d1', 'ended']
  ],
  'a token that is used after its successor ends the session': [
    ['a', 'ok'],
    ['b', 'ok'],
    ['a', 'reused'],
    ['b', 'ended'],
    ['c', 'ended'],
    ['a', 'ended']
  ],
  'a token two generations back ends the session': [
    ['a', 'ok'],
    ['b', 'ok'],
    ['c', 'ok'],
    ['a', 'reused'],
    ['c', 'ended']
  ],
  'a token without a generation is used and replaced like others': [
    ['A', 'ok'],
    ['A', 'ok'],
    ['b', 'ok', 'A'],
    ['c', 'ok'],
    ['A', 'reused']
  ],
  'the use of a token without a generation retires its parent': [
    ['B', 'ok', 'A'],
    ['A', 'reused']
  ],
  'of two successors of a token without a generation only the first in use continues': [
    ['A', 'ok'],
    ['A', 'ok'],
    ['b1', 'ok', 'A'],
    ['b2', 'reused', 'A']
  ],
  'a token without a generation replaces another one only once': [
    ['B1', 'ok', 'A'],
    ['B2', 'ok', 'A'],
    ['B2', 'ok', 'A'],
    ['B1', 'reused', 'A']
  ],
  'the successor of a replaced token without a generation ends the session': [
    ['B1', 'ok', 'A'],
    ['B2', 'ok', 'A'],
    ['b1', 'reused', 'B1']
  ],
  'a token from a node of the previous release works while both releases run': [
    ['a', 'ok'],
    ['C', 'ok', 'b'],
    ['c', 'ok', 'C'],
    ['b', 'reused']
  ]
}

/** Makes the `RefreshUse` of a token from its name in a history. */
function naming(session: Pick<RefreshUse, 'userId' | 'sessionId'>) {
  const ids = new Map<string, string>()
  const idOf = (token: string) => ids.get(token) ?? ids.set(token, randomUUID()).get(token) ?? ''
  return (token: string, parent?: string): RefreshUse => {
    const letter = token[0] ?? ''
    const counted = letter === letter.toLowerCase() ? { generation: letter.charCodeAt(0) - 96 } : {}
    const from = parent === undefined ? {} : { parent: { tokenId: idOf(parent), expiresAt: FAR } }
    return { ...session, tokenId: idOf(token), ...counted, ...from }
  }
}

t.test('refresh tokens', async t => {
  await onEveryEngine(t, async (t, open) => {
    const sessions = databaseSessions(open.database)

    for (const [history, uses] of Object.entries(histories)) {
      t.test(history, async t => {
        const use = naming(await signIn(sessions, open))
        for (const [token, outcome, parent] of uses) {
          t.equal((await sessions.use(use(token, parent))).status, outcome, `${token}: ${outcome}`)
        }
      })
    }

    t.test('a successor has the next generation', async t => {
      const use = naming(await signIn(sessions, open))
      for (const [token, next] of [
        ['a', 2],
        ['a', 2],
        ['b', 3],
        ['D', 4]
      ] as const) {
        t.match(await sessions.use(use(token)), { status: 'ok', next }, token)
      }
    })

    t.test('concurrent uses of one refresh token all succeed', async t => {
      const use = naming(await signIn(sessions, open))
      await sessions.use(use('a'))
      const outcomes = await Promise.all(Array.from({ length: 10 }, () => sessions.use(use('b'))))
      t.strictSame(new Set(outcomes.map(({ status }) => status)), new Set(['ok']))
    })

    t.test('of concurrent successors at most one succeeds, and one ends the session', async t => {
      const session = await signIn(sessions, open)
      const use = naming(session)
      const forks = Array.from({ length: 10 }, (_, n) => sessions.use(use(`b${n}`)))
      const statuses = (await Promise.all(forks)).map(({ status }) => status)
      t.same(
        ['ok', 'reused'].map(status => statuses.filter(each => each === status).length),
        [1, 1]
      )
      t.equal((await stateOf(sessions, session.sessionId))?.ended, true)
    })
  })
})
