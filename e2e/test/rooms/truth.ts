import type { Event, Message } from '@rendezvous/contract'
import type { Actor, Ear } from './crowd.ts'

/** From when to when somebody was in a room: the values of his joining and of his leaving, both his to hear. */
export interface Stay {
  readonly from: number
  readonly to: number
}

/** What was stored of a room: its last value, and the stays of everybody. */
export interface Truth {
  readonly stream: string
  readonly head: number
  readonly stays: ReadonlyMap<number, readonly Stay[]>
}

/** Read from the whole history of a group that `founders` made: the message that tells of a change of members has the value after it. */
export function truthOf(conversationId: number, founders: readonly number[], history: readonly Message[]): Truth {
  const stays = new Map<number, Stay[]>(founders.map(id => [id, [{ from: 1, to: Number.POSITIVE_INFINITY }]]))
  for (const { system, seq } of history.toSorted((one, other) => one.seq - other.seq)) {
    for (const id of system?.user_ids ?? []) {
      const his = stays.get(id) ?? []
      if (system?.action === 'joined') stays.set(id, [...his, { from: seq - 1, to: Number.POSITIVE_INFINITY }])
      else stays.set(id, his.with(-1, { from: his.at(-1)?.from ?? 0, to: seq - 1 }))
    }
  }
  return { stream: `conversation:${conversationId}`, head: Math.max(...history.map(({ seq }) => seq)), stays }
}

/** Whether somebody is in the room now. */
export function isInside({ stays }: Truth, { id }: Actor): boolean {
  return stays.get(id)?.at(-1)?.to === Number.POSITIVE_INFINITY
}

/** What a socket got that was sent while its person was outside. */
export function leaksOf({ stream, stays }: Truth, actor: Actor, ear: Ear): string[] {
  return changesOf(stream, ear)
    .filter(({ seq }) => !stays.get(actor.id)?.some(({ from, to }) => from <= seq && seq <= to))
    .map(({ type, seq }) => `${actor.id} heard ${type} ${seq} while outside`)
}

/** What a socket did not get of its person's last stay, and was not told to fetch either. */
export function gapsOf(truth: Truth, actor: Actor, ear: Ear): string[] {
  const stay = truth.stays.get(actor.id)?.at(-1)
  if (stay === undefined || !ear.isOpen) return []
  const got = new Set<number>(changesOf(truth.stream, ear).map(({ seq }) => seq))
  const values = isInside(truth, actor)
    ? Array.from({ length: truth.head - stay.from + 1 }, (_, index) => stay.from + index)
    : [stay.to] // his leaving he is told in any case
  const missed = values.filter(seq => !got.has(seq) && !isToFetch(truth.stream, stay, ear))
  return missed.map(seq => `${actor.id} missed ${seq} of ${stay.from} to ${stay.to}`)
}

/** How often a socket was told that its own person came or went, beyond once. */
export function doublesOf({ stream }: Truth, actor: Actor, ear: Ear): string[] {
  const own = changesOf(stream, ear).filter(event => 'user_ids' in event && event.user_ids.some(id => id === actor.id))
  const seqs = own.map(({ seq }) => seq)
  return seqs.filter((seq, index) => seqs.indexOf(seq) < index).map(seq => `${actor.id} was told of ${seq} twice`)
}

/** Told to fetch since the stay began, as far as the socket knew. */
function isToFetch(stream: string, { from }: Stay, { heard }: Ear): boolean {
  const begun = heard.findIndex(
    event => 'stream' in event && event.stream === stream && 'seq' in event && event.seq >= from
  )
  return heard.some(
    (event, index) => event.type === 'resync' && index >= begun && (event.stream === null || event.stream === stream)
  )
}

type Changed = Extract<Event, { stream: string; seq: number }>

function changesOf(stream: string, { heard }: Ear): Changed[] {
  return heard.filter((event): event is Changed => 'seq' in event && 'stream' in event && event.stream === stream)
}
