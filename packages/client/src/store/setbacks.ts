/** How long what was asked for in vain waits: so long at first, twice as long each further time in a row, up to a minute or so. */
const RETRY_MS = 2_000
const DOUBLINGS = 5

/** What was asked for in vain, by what it is about. It rests for a while, so that nothing else waits for it and nobody asks without end. */
export interface Setbacks<About> {
  /** Another one in a row: it rests from now on. */
  rest(about: About): void
  isResting(about: About): boolean
  /** It came to something: the next setback counts as the first. */
  over(about: About): void
  /** All may be asked for again. What was in vain is still counted. */
  wake(): void
}

/** No setbacks yet. `after` is a store's; `woken` is told when something has rested. */
export function setbacksOf<About>(
  after: (ms: number, run: () => void) => () => void,
  woken: () => void
): Setbacks<About> {
  const inARow = new Map<About, number>()
  const resting = new Map<About, () => void>()

  function end(about: About): void {
    resting.get(about)?.()
    resting.delete(about)
  }

  return {
    rest(about) {
      const before = inARow.get(about) ?? 0
      inARow.set(about, before + 1)
      end(about)
      const cancel = after(RETRY_MS * 2 ** Math.min(before, DOUBLINGS), () => {
        resting.delete(about)
        woken()
      })
      resting.set(about, cancel)
    },
    isResting: about => resting.has(about),
    over(about) {
      inARow.delete(about)
      end(about)
    },
    wake() {
      for (const about of [...resting.keys()]) end(about)
    }
  }
}
