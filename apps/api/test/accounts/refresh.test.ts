import { randomUUID } from 'node:crypto'
import t from 'tap'
import { databaseSessions } from '../../src/adapters/sessions.ts'
import type { RefreshOutcome, RefreshUse } from '../../src/ports/sessions.ts'
import { onEveryEngine } from '../database/engines.ts'
import { signIn, stateOf } from './people.ts'

const FAR = Date.UTC(2100, 0)

/** A refresh token as it is used, what comes of it, and the token it was made from where that is named. The letter is its generation, from `a` on; a
 *  capital has none, being from a release that did not count. */
type Use = readonly [token: string, outcome: RefreshOutcome['status'], parent?: string]

const histories: Readonly<Record<string, readonly Use[]>> = {
  'a client that never stores the successor goes on with the same token': [
    ['a', 'ok'],
    ['a', 'ok'],
    ['a', 'ok']
  ],
  'a client whose answer was lost asks again': [
    ['a', 'ok'],
    ['a', 'ok'],
    ['b2', 'ok'],
    ['b2', 'ok'],
    ['c', 'ok']
  ],
  'a client that stores each successor goes on': [
    ['a', 'ok'],
    ['b', 'ok'],
    ['c', 'ok'],
    ['d', 'ok']
  ],
  'of two successors the one that is used first goes on, and the other ends the family': [
    ['a', 'ok'],
    ['a', 'ok'],
    ['b1', 'ok'],
    ['b2', 'reused'],
    ['b1', 'ended'],
    ['c1', 'ended']
  ],
  'a fork is found in whichever round it comes back': [
    ['a', 'ok'],
    ['b1', 'ok'],
    ['c1', 'ok'],
    ['d1', 'ok'],
    ['b2', 'reused'],
    ['d1', 'ended']
  ],
  'a predecessor that turns up after its successor was used ends the family': [
    ['a', 'ok'],
    ['b', 'ok'],
    ['a', 'reused'],
    ['b', 'ended'],
    ['c', 'ended'],
    ['a', 'ended']
  ],
  'a grandparent that turns up ends the family too': [
    ['a', 'ok'],
    ['b', 'ok'],
    ['c', 'ok'],
    ['a', 'reused'],
    ['c', 'ended']
  ],
  'a token of before joins the line, and is as good as others there': [
    ['A', 'ok'],
    ['A', 'ok'],
    ['b', 'ok', 'A'],
    ['c', 'ok'],
    ['A', 'reused']
  ],
  'the parent of a token of before is retired when that is used': [
    ['B', 'ok', 'A'],
    ['A', 'reused']
  ],
  'successors of a token of before are one line': [
    ['A', 'ok'],
    ['A', 'ok'],
    ['b1', 'ok', 'A'],
    ['b2', 'reused', 'A']
  ],
  'a fork of before takes the place once': [
    ['B1', 'ok', 'A'],
    ['B2', 'ok', 'A'],
    ['B2', 'ok', 'A'],
    ['B1', 'reused', 'A']
  ],
  'a fork of before whose owner went on ends the family by his next use': [
    ['B1', 'ok', 'A'],
    ['B2', 'ok', 'A'],
    ['b1', 'reused', 'B1']
  ],
  'what a node of the release before made while both run goes on': [
    ['a', 'ok'],
    ['C', 'ok', 'b'],
    ['c', 'ok', 'C'],
    ['b', 'reused']
  ]
}

/** The `use` of a token of the session, by its name in a history. */
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

    t.test('a successor is of the generation after the line', async t => {
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

    t.test('of many tabs that refresh with one token at the same moment, none is turned away', async t => {
      const use = naming(await signIn(sessions, open))
      await sessions.use(use('a'))
      const outcomes = await Promise.all(Array.from({ length: 10 }, () => sessions.use(use('b'))))
      t.strictSame(new Set(outcomes.map(({ status }) => status)), new Set(['ok']))
    })

    t.test('of many forks that are used at the same moment one goes on at most, and one ends the family', async t => {
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
