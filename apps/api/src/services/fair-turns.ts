/** How turns are given. */
export interface FairTurnOptions {
  /** Works under way at a time. */
  readonly atOnce: number
  /** Works that may wait, of all askers together and of one. */
  readonly waiting: number
  readonly waitingOfOne: number
  /** The error for who finds no place, or loses it. */
  readonly refusal: () => Error
}

/** Does `work` when its turn comes, and answers what that does. Turns go round the askers who wait, and within one by arrival: who comes waits for
 *  one turn of each other asker at most, however much they ask for. When all places are taken, whoever holds the most loses his last one to who
 *  has fewer. `gone` aborts when nobody wants the answer any more: a turn that has not come by then is given up.
 *  @throws what `refusal` makes; the work was not begun then. */
export type FairTurns = <Answer>(asker: string, work: () => Promise<Answer>, gone?: AbortSignal) => Promise<Answer>

interface Waiter {
  begin(): void
  refuse(): void
}

/** Nobody waits yet. Round robin is Nagle's (RFC 970), dropping from the longest line McKenney's (Stochastic Fairness Queueing, 1990). */
export function fairTurns({ atOnce, waiting, waitingOfOne, refusal }: FairTurnOptions): FairTurns {
  /** Who waits, by asker; the first asker is next. None is empty. */
  const lines = new Map<string, readonly Waiter[]>()
  let underWay = 0

  function giveTurn(): void {
    const [first] = lines
    if (first === undefined || underWay >= atOnce) return
    const [asker, [next, ...others]] = first
    lines.delete(asker)
    setLine(asker, others) // behind everybody else
    underWay += 1
    next?.begin()
  }

  function setLine(asker: string, line: readonly Waiter[]): void {
    if (line.length > 0) lines.set(asker, line)
    else lines.delete(asker)
  }

  function lengthOf(asker: string): number {
    return lines.get(asker)?.length ?? 0
  }

  function leave(asker: string, waiter: Waiter): void {
    setLine(
      asker,
      (lines.get(asker) ?? []).filter(each => each !== waiter)
    )
    waiter.refuse()
  }

  /** @throws refusal when one more of `asker` finds no place, and nobody has to make room for it. */
  function makeRoom(asker: string): void {
    if (lengthOf(asker) >= waitingOfOne) throw refusal()
    const all = [...lines.values()].flat().length
    if (all < waiting) return

    const longest = [...lines.keys()].reduce((a, b) => (lengthOf(b) > lengthOf(a) ? b : a), asker)
    const last = lines.get(longest)?.at(-1)
    if (last === undefined || lengthOf(longest) <= lengthOf(asker) + 1) throw refusal()
    leave(longest, last)
  }

  function turnOf(asker: string, gone: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const giveUp = () => leave(asker, waiter)
      const settle = (end: () => void) => {
        gone?.removeEventListener('abort', giveUp)
        end()
      }
      const waiter: Waiter = { begin: () => settle(resolve), refuse: () => settle(() => reject(refusal())) }
      gone?.addEventListener('abort', giveUp)
      setLine(asker, [...(lines.get(asker) ?? []), waiter])
      giveTurn()
    })
  }

  return async (asker, work, gone) => {
    if (gone?.aborted) throw refusal()
    if (underWay >= atOnce) makeRoom(asker)
    await turnOf(asker, gone)
    try {
      return await work()
    } finally {
      underWay -= 1
      giveTurn()
    }
  }
}
