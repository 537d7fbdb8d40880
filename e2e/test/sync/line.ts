import type { Delivery } from '@rendezvous/cluster'
import type { Event } from '@rendezvous/contract'
import { eventProblem } from '../contract/frames.ts'
import { ContractBroken } from '../contract/witness.ts'
import type { Someone, SyncNode } from './node.ts'

/** What becomes of a frame on its way: it passes, is lost, comes twice, or comes after those behind it. */
export const fates = ['pass', 'drop', 'twice', 'late'] as const
export type Fate = (typeof fates)[number]

/** The way of frames from a gateway to one client, as bad as `fates` says, one after the other and from the beginning again. */
export interface Line {
  /** Frames that were held up go out, the last one first. */
  flush(): void
  /** The connection is lost, with what was held up. */
  lose(): void
  /** A new connection, and its `ready`. */
  regain(): Promise<void>
  close(): void
}

const LATE = 3

/** Opens the line to `someone`, who hears frames by `receive`. Which frames a gateway would send him: those to his own topic, and those to
 *  the rooms of his roster and of what brought him in since. */
export function openLine(
  node: SyncNode,
  someone: Someone,
  { fates, receive }: { readonly fates: readonly Fate[]; readonly receive: (event: Event) => void }
): Line {
  const own = `user:${someone.id}`
  let rooms = new Set<string>()
  let late: string[] = []
  let connected = false
  let count = 0

  const pass = (frame: string) => {
    const problem = eventProblem(frame)
    if (problem !== null) throw new ContractBroken(problem)
    receive(JSON.parse(frame))
  }

  function flush(): void {
    for (const frame of late.splice(0).reverse()) pass(frame)
  }

  function carry(frame: string): void {
    const fate = fates[count++ % fates.length]
    if (fate === 'late') late.push(frame)
    else if (fate !== 'drop') pass(frame)
    if (fate === 'twice') late.push(frame)
    if (late.length >= LATE) flush()
  }

  function hear({ topics, envelope: { header, frames } }: Delivery): void {
    if (header.kind === 'control' || !connected) return
    const joined = header.kind === 'events' && header.joined?.some(id => id === someone.id)
    const left = header.kind === 'events' && header.left?.some(id => id === someone.id)
    if (joined) rooms.add(`room:${header.conversation}`)
    const isHis = topics.some(topic => topic === own || rooms.has(topic))
    if (left) rooms.delete(`room:${header.conversation}`)
    if (isHis) for (const frame of frames) carry(frame)
  }

  const close = node.listen(hear)
  return {
    flush,
    lose() {
      connected = false
      late = []
    },
    async regain() {
      if (connected) return
      connected = true // as the gateway: subscribed first, then asked for the roster
      const roster = await node.roster(someone.claims)
      rooms = new Set(roster.rooms.map(({ conversationId }) => `room:${conversationId}`))
      pass(JSON.stringify(ready(someone, roster.head)))
    },
    close
  }
}

function ready({ id, claims }: Someone, head: number) {
  const facts = { dialect: 'rendezvous.v1', heartbeat_ms: 25_000, head, v: 1, at: new Date().toISOString() }
  return { type: 'ready', user_id: id, session_id: claims.sessionId, ...facts }
}
