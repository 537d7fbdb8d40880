import { median } from 'simple-statistics'
import type { Plan } from './plan.ts'
import type { Figure } from './report.ts'

/** The values of one round, of ours and of the other. */
export interface Round {
  readonly ours: number
  readonly other: number
}

/** Runs `ours` and `other` in turn, so that other work of the machine slows both. Which one runs first alternates.
 *  Returns `rounds` rounds, without the first `warming` ones. */
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

/** The figure of measured rounds. Its ratio is the median of the ratios of the rounds, because the machine changes less
 *  within a round than between rounds. */
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
