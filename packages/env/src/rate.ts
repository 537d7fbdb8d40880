import { type TNumber, type TString, Type } from 'typebox'
import { readDuration, writeDuration } from './duration.ts'

/** A rate limit: `limit` uses in a burst, refilled evenly over `windowMs`. */
export interface Rate {
  readonly limit: number
  readonly windowMs: number
}

const WRITTEN = /^([1-9]\d{0,8})\/([1-9]\d{0,5}(?:ms|s|m|h|d))$/

/** A variable that holds a rate: `2000/10s` is a burst of 2,000, then 200 a second; `0` is no limit. `readRate` parses
 *  its value. */
export function RateVariable(options: { readonly description: string; readonly default: Rate }): TString {
  const { limit, windowMs } = options.default
  return Type.String({
    pattern: `^(0|${WRITTEN.source.slice(1, -1)})$`,
    expected: 'a rate such as 2000/10s (a burst of 2000, refilled over 10 seconds), or 0 for no limit',
    description: options.description,
    default: `${limit}/${writeDuration(windowMs)}`
  })
}

/** A variable that multiplies all rates. */
export const RateFactor: TNumber = Type.Number({
  minimum: 0,
  maximum: 1_000,
  default: 1,
  description: 'Multiplies the rates of requests, upgrades and frames. 0 turns them off, for load tests.'
})

/** The rate written in `text`, multiplied by `factor`; null for no limit.
 *  @throws TypeError for a text that `RateVariable` refuses. */
export function readRate(text: string, factor = 1): Rate | null {
  const [, digits, duration = ''] = WRITTEN.exec(text) ?? []
  const windowMs = readDuration(duration)
  if (digits !== undefined && windowMs !== undefined) {
    return factor === 0 ? null : { limit: Math.max(1, Math.round(Number(digits) * factor)), windowMs }
  }
  if (text !== '0') throw new TypeError('not a rate such as 2000/10s')
  return null
}
