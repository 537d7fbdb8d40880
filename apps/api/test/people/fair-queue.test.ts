import t from 'tap'
import { type FairQueueOptions, fairQueue } from '../../src/people/passwords/fair-queue.ts'

const full = new Error('no place')

/** A queue whose tasks end when the test says so, in the order of their start. */
function slowQueue(options: Partial<FairQueueOptions> = {}) {
  const queue = fairQueue({ concurrency: 1, maxWaiting: 100, maxWaitingPerKey: 50, refusal: () => full, ...options })
  const started: string[] = []
  const ends: (() => void)[] = []

  /** Adds the task `name`, whose first letter is its key. Resolves with the name, or with the error of the refusal. */
  const add = (name: string, signal?: AbortSignal) => {
    const task = () => {
      started.push(name)
      return new Promise<string>(resolve => ends.push(() => resolve(name)))
    }
    return queue(name.charAt(0), task, signal).catch((error: unknown) => error)
  }
  /** Ends all tasks one by one, later starts included. Resolves with the started tasks, in order. */
  const endAll = async () => {
    await turn()
    for (let end = ends.shift(); end !== undefined; end = ends.shift()) {
      end()
      await turn()
    }
    return started
  }
  return { queue, add, endAll, started, ends }
}

/** Waits one turn of the event loop. */
function turn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}

t.test('turns go round the keys, and tasks of one key run in order of arrival', async t => {
  const { add, endAll } = slowQueue()
  const answers = ['a1', 'a2', 'a3', 'a4', 'b1', 'b2', 'c1'].map(name => add(name))
  t.same(await endAll(), ['a1', 'a2', 'b1', 'c1', 'a3', 'b2', 'a4'])
  t.same(await Promise.all(answers), ['a1', 'a2', 'a3', 'a4', 'b1', 'b2', 'c1'])
})

t.test('a new task waits for at most one task of each other key', async t => {
  const { add, endAll } = slowQueue({ concurrency: 2 })
  for (let n = 0; n < 40; n++) void add(`a${n}`)
  for (let n = 0; n < 40; n++) void add(`b${n}`)
  void add('c')
  const started = await endAll()
  t.equal(started.indexOf('c'), 4, 'after the two running tasks and one of each key')
})

t.test('at most `concurrency` tasks run, and a free place is taken at once', async t => {
  const { add, started, ends, endAll } = slowQueue({ concurrency: 2, maxWaiting: 1 })
  const answers = ['a1', 'b1', 'c1', 'd1'].map(name => add(name))
  await turn()
  t.same(started, ['a1', 'b1'])
  t.equal(await answers[3], full)
  ends.shift()?.()
  t.equal(await answers[0], 'a1')
  t.same(started, ['a1', 'b1', 'c1'])
  await endAll()
  void add('e1')
  t.same(await endAll(), ['a1', 'b1', 'c1', 'e1'], 'the queue is empty again')
})

t.test('a key may have only so many waiting tasks, and other keys still find a place', async t => {
  const { add, endAll } = slowQueue({ maxWaitingPerKey: 2 })
  const answers = ['a1', 'a2', 'a3', 'a4', 'b1'].map(name => add(name))
  t.same(await endAll(), ['a1', 'a2', 'b1', 'a3'])
  t.same(await Promise.all(answers), ['a1', 'a2', 'a3', full, 'b1'])
})

t.test('in a full queue the key with the most tasks loses its last to a key with fewer', async t => {
  const { add, endAll } = slowQueue({ maxWaiting: 4 })
  const answers = ['a1', 'a2', 'a3', 'a4', 'b1', 'c1', 'd1', 'e1', 'b2'].map(name => add(name))
  t.same(await endAll(), ['a1', 'a2', 'b1', 'c1', 'd1'])
  t.same(await Promise.all(answers), ['a1', 'a2', full, full, 'b1', 'c1', 'd1', full, full])
})

t.test('an aborted task that waits is refused and makes room', async t => {
  const { add, endAll } = slowQueue({ maxWaitingPerKey: 2 })
  const controller = new AbortController()
  const answers = [add('a1'), add('a2', controller.signal), add('a3')]
  controller.abort()
  t.equal(await answers[1], full)
  void add('a4')
  t.equal(await add('a5', controller.signal), full, 'a task with an aborted signal is refused at once')
  t.same(await endAll(), ['a1', 'a3', 'a4'])
})

t.test('a task that is aborted while it runs still returns its result', async t => {
  const { add, endAll } = slowQueue()
  const controller = new AbortController()
  const answer = add('a1', controller.signal)
  controller.abort()
  await endAll()
  t.equal(await answer, 'a1')
})

t.test('a failed task rejects for its caller alone, and the next task starts', async t => {
  const { queue, add, endAll } = slowQueue()
  const failing = queue('a', async () => {
    throw new Error('out of memory')
  })
  const next = add('b1')
  await t.rejects(failing, { message: 'out of memory' })
  await endAll()
  t.equal(await next, 'b1')
})
