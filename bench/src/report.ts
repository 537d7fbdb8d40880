import { type Static, Type } from 'typebox'

/** One figure: the value of ours, the value of the other, and their ratio. */
export const Figure = Type.Object({
  name: Type.String({ minLength: 1 }),
  /** The load under which it was measured. */
  rate: Type.String({ minLength: 1 }),
  unit: Type.String({ minLength: 1 }),
  ours: Type.Number(),
  other: Type.Number(),
  /** The name of the other. */
  versus: Type.String({ minLength: 1 }),
  /** `cost`: `ratio` is ours divided by the other, and lower is better. `gain`: the other divided by ours, and higher
   *  is better. */
  kind: Type.Union([Type.Literal('cost'), Type.Literal('gain')]),
  /** The median of the ratios of the rounds. */
  ratio: Type.Number({ exclusiveMinimum: 0 }),
  /** The lowest and the highest ratio of a round. */
  spread: Type.Tuple([Type.Number(), Type.Number()]),
  rounds: Type.Integer({ minimum: 1 }),
  /** The parts of the figure, where they are known. */
  detail: Type.Optional(Type.String()),
  /** The goals: `ratio` is a maximum for a cost and a minimum for a gain; `ours` is a maximum in `unit`. */
  aims: Type.Object({ ratio: Type.Optional(Type.Number()), ours: Type.Optional(Type.Number()) })
})
/** A figure, as it is printed and written. */
export type Figure = Static<typeof Figure>

/** The results of one run. */
export const Report = Type.Object({
  at: Type.String(),
  machine: Type.String(),
  quick: Type.Boolean(),
  figures: Type.Array(Figure),
  /** The topics that could not be measured, with the reason. */
  missing: Type.Array(Type.String())
})
/** A report, as it is written. */
export type Report = Static<typeof Report>

/** The figure as text for the terminal. */
export function linesOf({
  name,
  rate,
  unit,
  ours,
  other,
  versus,
  kind,
  ratio,
  spread,
  rounds,
  aims,
  detail
}: Figure): string {
  const aimed = aims.ratio === undefined ? '' : `, aim ${kind === 'cost' ? '<=' : '>='} ${aims.ratio}`
  const limit = aims.ours === undefined ? '' : `, aim <= ${aims.ours}`
  return [
    `${name}: ${ratio.toFixed(2)}x ${versus} (${spread.map(each => each.toFixed(2)).join(' to ')} in ${rounds} rounds${aimed})`,
    `  ${ours.toFixed(1)} ${unit}${limit}; ${versus} ${other.toFixed(1)}`,
    `  at ${rate}`,
    ...(detail === undefined ? [] : [`  ${detail}`])
  ].join('\n')
}
