import { type TInteger, type TNumberOptions, Type } from 'typebox'

const UNITS = Object.freeze({ d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000, ms: 1 })
type Unit = keyof typeof UNITS

const WRITTEN = /^(\d+)(ms|s|m|h|d)?$/

/** A variable that holds a duration, written `500ms`, `30s`, `5m`, `1h`, `14d` or as a number of milliseconds. Its
 *  value, default and bounds are integers of milliseconds. */
export function Duration(options: TNumberOptions = {}): TInteger {
  return Type.Integer({ minimum: 0, ...options, unit: 'ms' })
}

/** Whether `schema` was made by `Duration`. */
export function isDuration(schema: object): boolean {
  return 'unit' in schema && schema.unit === 'ms'
}

/** The milliseconds of `text`; undefined when it is not a duration. */
export function readDuration(text: string): number | undefined {
  const [, digits, unit = 'ms'] = WRITTEN.exec(text) ?? []
  const ms = Number(digits) * UNITS[unit as Unit]
  return Number.isSafeInteger(ms) ? ms : undefined
}

/** The shortest way to write `ms`: 90000 is `90s`, 3600000 is `1h`. */
export function writeDuration(ms: number): string {
  if (ms === 0) return '0s'
  const unit = (Object.keys(UNITS) as Unit[]).find(each => ms % UNITS[each] === 0) ?? 'ms'
  return `${ms / UNITS[unit]}${unit}`
}
