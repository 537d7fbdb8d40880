import type { Delivery } from '@rendezvous/cluster'
import type { Event } from '@rendezvous/contract'
import { ContractViolation } from '../contract/checked.ts'
import { eventProblem } from '../contract/frames.ts'
import type { SyncNode, SyncUser } from './node.ts'

/** What the link does with a frame: it passes, drops, duplicates or delays it. */
export const frameActions = ['pass', 'drop', 'duplicate', 'delay'] as const
export type FrameAction = (typeof frameActions)[number]

/** A lossy link for frames from a gateway to one client. Its actions repeat from the beginning. */
export interface Link {
  /** Delivers the delayed frames, the last one first. */
  flush(): void
  /** Ends the connection, and drops the delayed frames. */
  disconnect(): void
  /** Opens a new connection, and delivers its `ready`. */
  reconnect(): Promise<void>
  close(): void
}

const DELAYED_MAX = 3

/** Opens the link to `user`, whose client gets frames by `receive`. Delivers what a gateway would: frames of the user's
 *  own topic, of the rooms in their roster, and of rooms they joined since. */
export function openLink(
  node: SyncNode,
  user: SyncUser,
  { frameActions, receive }: { readonly frameActions: readonly FrameAction[]; readonly receive: (event: Event) => void }
): Link {
  const own = `user:${user.id}`
  let rooms = new Set<string>()
  let delayed: string[] = []
  let connected = false
  let count = 0

  const pass = (frame: string) => {
    const problem = eventProblem(frame)
    if (problem !== null) throw new ContractViolation(problem)
    receive(JSON.parse(frame))
  }

  function flush(): void {
    for (const frame of delayed.splice(0).reverse()) pass(frame)
  }

  function handle(frame: string): void {
    const action = frameActions[count++ % frameActions.length]
    if (action === 'delay') delayed.push(frame)
    else if (action !== 'drop') pass(frame)
    if (action === 'duplicate') delayed.push(frame)
    if (delayed.length >= DELAYED_MAX) flush()
  }

  function onDelivery({ topics, envelope: { header, frames } }: Delivery): void {
    if (header.kind === 'control' || !connected) return
    const joined = header.kind === 'events' && header.joined?.some(id => id === user.id)
    const left = header.kind === 'events' && header.left?.some(id => id === user.id)
    if (joined) rooms.add(`room:${header.conversation}`)
    const isForUser = topics.some(topic => topic === own || rooms.has(topic))
    if (left) rooms.delete(`room:${header.conversation}`)
    if (isForUser) for (const frame of frames) handle(frame)
  }

  const close = node.listen(onDelivery)
  return {
    flush,
    disconnect() {
      connected = false
      delayed = []
    },
    async reconnect() {
      if (connected) return
      connected = true // as the gateway: subscribed first, then asked for the roster
      const roster = await node.roster(user.claims)
      rooms = new Set(roster.rooms.map(({ conversationId }) => `room:${conversationId}`))
      pass(JSON.stringify(ready(user, roster.head)))
    },
    close
  }
}

function ready({ id, claims }: SyncUser, head: number) {
  const facts = { dialect: 'rendezvous.v1', heartbeat_ms: 25_000, head, v: 1, at: new Date().toISOString() }
  return { type: 'ready', user_id: id, session_id: claims.sessionId, ...facts }
}
