import { median } from 'simple-statistics'
import type { Plan } from './plan.ts'
import type { Figure } from './report.ts'

/** What one round measured, of ours and of the other. */
export interface Round {
  readonly ours: number
  readonly other: number
}

/** Runs `ours` and `other` in turn, so that whatever else the machine does falls on both; who goes first changes from round to round. What
 *  the first ones came to, as many as `warming` says, is forgotten. */
export async function interleave(
  { warming, rounds }: Pick<Plan, 'warming' | 'rounds'>,
  ours: () => Promise<number>,
  other: () => Promise<number>
): Promise<Round[]> {
  const measured: Round[] = []
  for (let round = 0; round < warming + rounds; round += 1) {
    if (round % 2 === 0) {
      const first = await ours()
      measured.push({ ours: first, other: await other() })
    } else {
      const first = await other()
      measured.push({ ours: await ours(), other: first })
    }
  }
  return measured.slice(warming)
}

/** The figure that rounds of costs come to. Its ratio is the median of the rounds' own, each of which saw one state of the machine. */
export function figure(
  measured: readonly Round[],
  facts: Pick<Figure, 'name' | 'rate' | 'unit' | 'versus' | 'kind' | 'aims' | 'detail'>
): Figure {
  const ratios = measured.map(({ ours, other }) => (facts.kind === 'cost' ? ours / other : other / ours))
  return {
    ...facts,
    ours: median(measured.map(({ ours }) => ours)),
    other: median(measured.map(({ other }) => other)),
    ratio: median(ratios),
    spread: [Math.min(...ratios), Math.max(...ratios)],
    rounds: measured.length
  }
}
