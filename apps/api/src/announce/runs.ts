import type { Event, Seq } from '@rendezvous/contract'

/** The most frames in one envelope. Even the longest texts stay far below the bound of an envelope. */
const FRAMES = 100

/** A list of at least one entry. */
export type Run<Entry> = readonly [Entry, ...Entry[]]

/** Groups entries into runs of consecutive values of one stream, at most 100 in each. Runs are in the order of
 *  their first entries. `mayFollow` decides whether an entry may join the run that `first` began. */
export function runs<Entry extends { readonly seq: Seq }>(
  entries: readonly Entry[],
  streamOf: (entry: Entry) => number,
  mayFollow: (entry: Entry, first: Entry) => boolean = () => true
): Run<Entry>[] {
  const open = new Map<number, [Entry, ...Entry[]]>()
  const found: [Entry, ...Entry[]][] = []
  for (const entry of entries) {
    const run = open.get(streamOf(entry))
    if (run !== undefined && run.length < FRAMES && run.at(-1)?.seq === entry.seq - 1 && mayFollow(entry, run[0]))
      run.push(entry)
    else {
      const begun: [Entry, ...Entry[]] = [entry]
      open.set(streamOf(entry), begun)
      found.push(begun)
    }
  }
  return found
}

/** The event as the text of a frame. */
export function frameOf(event: Event): string {
  return JSON.stringify(event)
}
