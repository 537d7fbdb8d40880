import type { Event, Message } from '@rendezvous/contract'
import type { Participant, RecordedSocket } from './participant.ts'

/** One membership, from the `seq` of the join to the `seq` of the leave. The member receives both. */
export interface Membership {
  readonly from: number
  readonly to: number
}

/** The stored history of a room: its highest `seq`, and the memberships of each user. */
export interface RoomHistory {
  readonly stream: string
  readonly head: number
  readonly memberships: ReadonlyMap<number, readonly Membership[]>
}

/** Reads the history of a group that started with `founders`. `messages` are all its messages: the system message
 *  about a change of members has the `seq` after that change. */
export function historyOf(
  conversationId: number,
  founders: readonly number[],
  messages: readonly Message[]
): RoomHistory {
  const memberships = new Map<number, Membership[]>(
    founders.map(id => [id, [{ from: 1, to: Number.POSITIVE_INFINITY }]])
  )
  for (const { system, seq } of messages.toSorted((one, other) => one.seq - other.seq)) {
    for (const id of system?.user_ids ?? []) {
      const past = memberships.get(id) ?? []
      if (system?.action === 'joined') memberships.set(id, [...past, { from: seq - 1, to: Number.POSITIVE_INFINITY }])
      else memberships.set(id, past.with(-1, { from: past.at(-1)?.from ?? 0, to: seq - 1 }))
    }
  }
  return { stream: `conversation:${conversationId}`, head: Math.max(...messages.map(({ seq }) => seq)), memberships }
}

/** Whether the participant is a member at the end. */
export function isMember({ memberships }: RoomHistory, { id }: Participant): boolean {
  return memberships.get(id)?.at(-1)?.to === Number.POSITIVE_INFINITY
}

/** Events that a socket received although they lie outside every membership of its user. */
export function leaksOf(
  { stream, memberships }: RoomHistory,
  participant: Participant,
  socket: RecordedSocket
): string[] {
  return changesOf(stream, socket)
    .filter(({ seq }) => !memberships.get(participant.id)?.some(({ from, to }) => from <= seq && seq <= to))
    .map(({ type, seq }) => `${participant.id} received ${type} ${seq} while no member`)
}

/** Changes of the user's last membership that an open socket neither received nor fetched. */
export function gapsOf(history: RoomHistory, participant: Participant, socket: RecordedSocket): string[] {
  const membership = history.memberships.get(participant.id)?.at(-1)
  if (membership === undefined || !socket.isOpen) return []
  const seqs = new Set<number>(changesOf(history.stream, socket).map(({ seq }) => seq))
  const values = isMember(history, participant)
    ? Array.from({ length: history.head - membership.from + 1 }, (_, index) => membership.from + index)
    : [membership.to] // a leaving member always receives the leave
  const missed = values.filter(seq => !seqs.has(seq) && seq > socket.fetched)
  return missed.map(seq => `${participant.id} missed ${seq} of ${membership.from} to ${membership.to}`)
}

/** Repeated events about the socket's own user joining or leaving. */
export function duplicatesOf({ stream }: RoomHistory, participant: Participant, socket: RecordedSocket): string[] {
  const own = changesOf(stream, socket).filter(
    event => 'user_ids' in event && event.user_ids.some(id => id === participant.id)
  )
  const seqs = own.map(({ seq }) => seq)
  return seqs.filter((seq, index) => seqs.indexOf(seq) < index).map(seq => `${participant.id} received ${seq} twice`)
}

type Changed = Extract<Event, { stream: string; seq: number }>

function changesOf(stream: string, { received }: RecordedSocket): Changed[] {
  return received.filter((event): event is Changed => 'seq' in event && 'stream' in event && event.stream === stream)
}
