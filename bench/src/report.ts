import { type Static, Type } from 'typebox'

/** One figure: what ours costs, what the other does, and how they compare. */
export const Figure = Type.Object({
  name: Type.String({ minLength: 1 }),
  /** At which rate, without which no figure means anything. */
  rate: Type.String({ minLength: 1 }),
  unit: Type.String({ minLength: 1 }),
  ours: Type.Number(),
  other: Type.Number(),
  /** By what the other goes. */
  versus: Type.String({ minLength: 1 }),
  /** `cost`: ours as a multiple of the other, the less the better; `gain`: the reverse. The median of those of the rounds. */
  kind: Type.Union([Type.Literal('cost'), Type.Literal('gain')]),
  ratio: Type.Number({ exclusiveMinimum: 0 }),
  /** The lowest and the highest ratio of a round. */
  spread: Type.Tuple([Type.Number(), Type.Number()]),
  rounds: Type.Integer({ minimum: 1 }),
  /** What it consists of, where that is known. */
  detail: Type.Optional(Type.String()),
  /** What is wanted of the ratio (at most for a cost, at least for a gain), or of ours in its unit (at most). */
  aims: Type.Object({ ratio: Type.Optional(Type.Number()), ours: Type.Optional(Type.Number()) })
})
/** A figure, as it is printed and written. */
export type Figure = Static<typeof Figure>

/** All of one run. */
export const Report = Type.Object({
  at: Type.String(),
  machine: Type.String(),
  quick: Type.Boolean(),
  figures: Type.Array(Figure),
  /** What could not be measured, and why. */
  missing: Type.Array(Type.String())
})
/** A report, as it is written. */
export type Report = Static<typeof Report>

/** The figure on lines for people. */
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
