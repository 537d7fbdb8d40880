import { ApiError } from '@rendezvous/contract'
import DataLoader from 'dataloader'
import pLimit from 'p-limit'

/** What is carried out in one transaction, and how long the first waits for others. Worth 7 times one by one under load; a hundred cost
 *  a fifth less each than fifty. */
const BATCH = 100
const BATCH_MS = 3
/** Transactions of one kind on this node at a time. More would wait for one another's locks on a busy conversation, and for connections on
 *  others, which other kinds need too. */
const UNDER_WAY = 2
/** A batch takes some 10 ms. One that takes so much longer waits for what somebody else holds locked. */
const PATIENCE_MS = 25
/** Calls of one kind that wait for their answer at most: some seconds of what a node carries out. */
const WAITING = 10_000

/** Runs what it is given when its turn comes, and answers what that does. */
type Turn = <Answer>(work: () => Promise<Answer>) => Promise<Answer>

/** Turns for the transactions of one kind: two at a time, or as many as said, the others in the order they came. */
export function takingTurns(underWay = UNDER_WAY): Turn {
  return pLimit(underWay)
}

/** Turns for batches: one after the other, so that each gathers what comes during the one before and waits for none of its rows. Beside one
 *  that takes longer than `patienceMs` another may begin: a conversation that is held locked holds up no others. */
export function oneAfterAnother(patienceMs = PATIENCE_MS): Turn {
  const all = pLimit(UNDER_WAY)
  const next = pLimit(1)
  return work =>
    new Promise(resolve => {
      void next(async () => {
        const underWay = all(work)
        resolve(underWay)
        await endOf(underWay, patienceMs)
      })
    })
}

/** Resolves when `work` has settled, or after `ms`. */
function endOf(work: Promise<unknown>, ms: number): Promise<void> {
  return new Promise(resolve => {
    const timer = setTimeout(resolve, ms)
    const end = () => {
      clearTimeout(timer)
      resolve()
    }
    work.then(end, end)
  })
}

/** Joins calls that come at about the same time into one of `carryOut`, which answers each under its place. What comes while none has its
 *  turn gathers, so that batches grow with the load. What comes when too much waits is refused as `unavailable`. */
export function gathering<Each, Answer>(
  carryOut: (batch: readonly Each[]) => Promise<Answer[]>,
  turn: Turn
): (each: Each) => Promise<Answer> {
  let begun: Promise<unknown> = Promise.resolve()
  const batch = new DataLoader<Each, Answer>(
    each => {
      const answers = carryOut(each)
      begun = answers.catch(() => undefined)
      return answers
    },
    {
      cache: false,
      maxBatchSize: BATCH,
      batchScheduleFn: flush => setTimeout(() => void turn(() => run(flush)), BATCH_MS)
    }
  )

  /** Lasts as long as the batch that `flush` begins. */
  function run(flush: () => void): Promise<unknown> {
    flush()
    return begun
  }

  let waiting = 0
  return async each => {
    if (waiting >= WAITING) throw new ApiError('unavailable', { retryAfter: 1 })
    waiting += 1
    try {
      return await batch.load(each)
    } finally {
      waiting -= 1
    }
  }
}
