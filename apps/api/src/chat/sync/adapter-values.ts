import { limits, type Seq } from '@rendezvous/contract'

/** A row that last changed at `seq`. `key` is the seq of a message, or the user id of a membership. */
export interface Entry {
  readonly seq: Seq
  readonly kind: 'message' | 'member'
  readonly key: number
  /** Estimated bytes in an answer. */
  readonly bytes: number
}

/** How many entries and bytes still fit into an answer. */
export interface Capacity {
  entries: number
  bytes: number
  /** True until something was taken. The entries of the first seq always fit. */
  empty: boolean
}

/** Rows that are read for each kind and conversation: one more than an answer holds. When so many
 *  are found, more may exist. */
export const ROWS_PER_KIND = limits.syncEntries + 1

/** The entries that fit, and the last seq that they cover. Those of one seq are all here, or none. `upTo` is null when
 *  they cover all. */
export interface FittingEntries {
  readonly entries: readonly Entry[]
  readonly upTo: Seq | null
}

/**
 * Takes entries from `rows` seq by seq, the lowest first, as long as all entries of a seq fit into `capacity`. Reduces
 * `capacity`. `rows` has of each kind the ROWS_PER_KIND with the lowest seqs. Null when the entries of the lowest seq
 * are more than any answer holds.
 */
export function takeFitting(rows: readonly Entry[], capacity: Capacity): FittingEntries | null {
  const sorted = [...rows].sort((a, b) => a.seq - b.seq)
  const incompleteFrom = sorted[ROWS_PER_KIND - 1]?.seq // from this seq on rows may be missing
  const known = incompleteFrom === undefined ? sorted : sorted.filter(({ seq }) => seq < incompleteFrom)
  if (known.length === 0 && incompleteFrom !== undefined) return null

  let end = 0
  while (end < known.length) {
    const next = endOfSeq(known, end)
    if (!takes(capacity, known.slice(end, next))) return { entries: known.slice(0, end), upTo: before(known[end]?.seq) }
    end = next
  }
  return { entries: known, upTo: incompleteFrom === undefined ? null : before(incompleteFrom) }
}

/** Reduces `capacity` by `entries`. False, without a change, when they do not fit. */
function takes(capacity: Capacity, entries: readonly Entry[]): boolean {
  const bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0)
  if (!capacity.empty && (entries.length > capacity.entries || bytes > capacity.bytes)) return false
  capacity.entries -= entries.length
  capacity.bytes -= bytes
  capacity.empty = false
  return true
}

/** The index after the last of `rows` that has the seq of the row at `start`. */
function endOfSeq(rows: readonly Entry[], start: number): number {
  const seq = rows[start]?.seq
  const end = rows.findIndex((row, index) => index > start && row.seq !== seq)
  return end === -1 ? rows.length : end
}

function before(seq: Seq | undefined): Seq {
  return ((seq ?? 1) - 1) as Seq
}
