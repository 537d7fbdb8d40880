import { limits } from '@rendezvous/contract'

/** A JSON object as a client sent it, not validated. */
export type ClientFrame = Readonly<Record<string, unknown>>

/** Parses a client's frame. Null unless it is a text frame with a JSON object no deeper than `limits.jsonDepth`. */
export function readFrame(data: Buffer, isBinary: boolean): ClientFrame | null {
  if (isBinary) return null
  const value = parse(data)
  return isObject(value) && !isDeeper(value, limits.jsonDepth) ? value : null
}

function parse(data: Buffer): unknown {
  try {
    return JSON.parse(data.toString())
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is ClientFrame {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Whether `value` has more than `levels` levels. Recurses no deeper than that, so that it cannot overflow the
 *  stack. */
function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some(member => isDeeper(member, levels - 1))
}
