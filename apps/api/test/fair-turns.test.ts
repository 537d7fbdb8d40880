import t from 'tap'
import { type FairTurnOptions, fairTurns } from '../src/services/fair-turns.ts'

const full = new Error('no place')

/** Turns for works that end when the test says so, in the order in which they began. */
function slowTurns(options: Partial<FairTurnOptions> = {}) {
  const turns = fairTurns({ atOnce: 1, waiting: 100, waitingOfOne: 50, refusal: () => full, ...options })
  const begun: string[] = []
  const ends: (() => void)[] = []

  /** Asks for a turn for `name`, whose first letter says who asks. Resolves with the name, or what refused it. */
  const ask = (name: string, gone?: AbortSignal) => {
    const work = () => {
      begun.push(name)
      return new Promise<string>(resolve => ends.push(() => resolve(name)))
    }
    return turns(name.charAt(0), work, gone).catch((error: unknown) => error)
  }
  /** Ends all works one after the other, and those that begin then. Resolves with what began, in order. */
  const endAll = async () => {
    await turn()
    for (let end = ends.shift(); end !== undefined; end = ends.shift()) {
      end()
      await turn()
    }
    return begun
  }
  return { turns, ask, endAll, begun, ends }
}

/** Lets everything run that does not wait for the test. */
function turn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}

t.test('turns go round those who wait, and within one by arrival', async t => {
  const { ask, endAll } = slowTurns()
  const answers = ['a1', 'a2', 'a3', 'a4', 'b1', 'b2', 'c1'].map(name => ask(name))
  t.same(await endAll(), ['a1', 'a2', 'b1', 'c1', 'a3', 'b2', 'a4'])
  t.same(await Promise.all(answers), ['a1', 'a2', 'a3', 'a4', 'b1', 'b2', 'c1'])
})

t.test('who comes last waits for one turn of each other at most', async t => {
  const { ask, endAll } = slowTurns({ atOnce: 2 })
  for (let n = 0; n < 40; n++) void ask(`a${n}`)
  for (let n = 0; n < 40; n++) void ask(`b${n}`)
  void ask('c')
  const begun = await endAll()
  t.equal(begun.indexOf('c'), 4, 'after the two that were under way, and one of each')
})

t.test('no more are under way than may be, and a place that is free is taken at once', async t => {
  const { ask, begun, ends, endAll } = slowTurns({ atOnce: 2, waiting: 1 })
  const answers = ['a1', 'b1', 'c1', 'd1'].map(name => ask(name))
  await turn()
  t.same(begun, ['a1', 'b1'])
  t.equal(await answers[3], full)
  ends.shift()?.()
  t.equal(await answers[0], 'a1')
  t.same(begun, ['a1', 'b1', 'c1'])
  await endAll()
  void ask('e1')
  t.same(await endAll(), ['a1', 'b1', 'c1', 'e1'], 'and nothing is left behind')
})

t.test('one may have only so many waiting, others still find a place', async t => {
  const { ask, endAll } = slowTurns({ waitingOfOne: 2 })
  const answers = ['a1', 'a2', 'a3', 'a4', 'b1'].map(name => ask(name))
  t.same(await endAll(), ['a1', 'a2', 'b1', 'a3'])
  t.same(await Promise.all(answers), ['a1', 'a2', 'a3', full, 'b1'])
})

t.test('when all places are taken, who holds the most loses his last to who has fewer', async t => {
  const { ask, endAll } = slowTurns({ waiting: 4 })
  const answers = ['a1', 'a2', 'a3', 'a4', 'b1', 'c1', 'd1', 'e1', 'b2'].map(name => ask(name))
  t.same(await endAll(), ['a1', 'a2', 'b1', 'c1', 'd1'])
  t.same(await Promise.all(answers), ['a1', 'a2', full, full, 'b1', 'c1', 'd1', full, full])
})

t.test('who goes away while he waits spends no turn, and makes room', async t => {
  const { ask, endAll } = slowTurns({ waitingOfOne: 2 })
  const gone = new AbortController()
  const answers = [ask('a1'), ask('a2', gone.signal), ask('a3')]
  gone.abort()
  t.equal(await answers[1], full)
  void ask('a4')
  t.equal(await ask('a5', gone.signal), full, 'nor who has gone before')
  t.same(await endAll(), ['a1', 'a3', 'a4'])
})

t.test('who goes away during his turn has the answer all the same', async t => {
  const { ask, endAll } = slowTurns()
  const gone = new AbortController()
  const answer = ask('a1', gone.signal)
  gone.abort()
  await endAll()
  t.equal(await answer, 'a1')
})

t.test('a work that fails fails its asker alone, and gives its turn on', async t => {
  const { turns, ask, endAll } = slowTurns()
  const failing = turns('a', async () => {
    throw new Error('out of memory')
  })
  const next = ask('b1')
  await t.rejects(failing, { message: 'out of memory' })
  await endAll()
  t.equal(await next, 'b1')
})
