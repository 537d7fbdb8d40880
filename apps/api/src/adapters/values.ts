import { limits, type Seq } from '@rendezvous/contract'

/** A row that changed under a value of its conversation: a message by its seq, a membership by its person's id. */
export interface Entry {
  readonly value: Seq
  readonly kind: 'message' | 'member'
  readonly key: number
  /** What it takes in an answer, about. */
  readonly bytes: number
}

/** What an answer still has room for. */
export interface Room {
  entries: number
  bytes: number
  /** Until something was taken, the next value is, whatever it takes. */
  empty: boolean
}

/** Rows that are read of one kind and conversation: one more than may be answered, so that a value which is cut shows. */
export const READ = limits.syncEntries + 1

/** Entries of whole values, and the last value that they cover: null for all there are. */
export interface Taken {
  readonly entries: readonly Entry[]
  readonly upTo: Seq | null
}

/**
 * Takes from `rows` (at most READ of each kind, all those with the lowest values) whole values as long as they fit into `room`, which shrinks.
 * Null when the lowest value alone is more than may ever be answered.
 */
export function takeValues(rows: readonly Entry[], room: Room): Taken | null {
  const sorted = [...rows].sort((a, b) => a.value - b.value)
  const cut = sorted[READ - 1]?.value // from here on rows may be missing
  const known = cut === undefined ? sorted : sorted.filter(({ value }) => value < cut)
  if (known.length === 0 && cut !== undefined) return null

  let end = 0
  while (end < known.length) {
    const next = endOfValue(known, end)
    if (!takes(room, known.slice(end, next))) return { entries: known.slice(0, end), upTo: before(known[end]?.value) }
    end = next
  }
  return { entries: known, upTo: cut === undefined ? null : before(cut) }
}

function takes(room: Room, entries: readonly Entry[]): boolean {
  const bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0)
  if (!room.empty && (entries.length > room.entries || bytes > room.bytes)) return false
  room.entries -= entries.length
  room.bytes -= bytes
  room.empty = false
  return true
}

function endOfValue(rows: readonly Entry[], start: number): number {
  const value = rows[start]?.value
  const end = rows.findIndex((row, index) => index > start && row.value !== value)
  return end === -1 ? rows.length : end
}

function before(value: Seq | undefined): Seq {
  return ((value ?? 1) - 1) as Seq
}
