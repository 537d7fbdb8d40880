import { limits } from '@rendezvous/contract'

/** A JSON object as a client sent it: nothing of it is known yet. */
export type ClientFrame = Readonly<Record<string, unknown>>

/** The object in a client's frame; null unless it is a text frame with a JSON object, no deeper than the limit. */
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

/** Goes no deeper than `levels` itself, so that no nesting overflows the stack. */
function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some(member => isDeeper(member, levels - 1))
}
