import type { UserId } from '@rendezvous/contract'
import type { Clock } from '../clock.ts'
import { unreachable } from '../error.ts'
import { type Faults, type Link, memoryNetwork, type Receiver } from './network.ts'

/** The bounds of a cluster in memory, in entries. */
export interface Bounds {
  /** Bus messages queued for one node. Above it they are lost, and the node is told about the interruption. */
  readonly inbox: number
  readonly users: number
  readonly tickets: number
  /** Keys of `Limits`. Above it the least recently used one is dropped. */
  readonly limits: number
}

/** A user who is online, is hidden and has sockets, or went offline and is not acknowledged. Times in milliseconds
 *  since 1970, 0 for none. */
export interface Person {
  /** Leases that hold the user. An array, because it mostly has one entry and a Set takes 200 bytes. */
  holders: readonly string[]
  visible: boolean
  graceUntil: number
  declaredUntil: number
  /** When a gateway last held the user, or they last declared themself online. */
  seenAt: number
  /** The last claim of `reap`, since the user was last visible. */
  claim: { readonly id: string; readonly until: number } | null
}

/** The state that all nodes share, as Redis would store it. */
interface Store {
  readonly people: Map<UserId, Person>
  /** Users in `people` without a gateway. */
  readonly leaving: Set<UserId>
  /** Those of `people` whom each lease holds, also one that ended. */
  readonly held: Map<string, Set<UserId>>
  /** When the gateway of each lease is given up unless it renews. */
  readonly leases: Map<string, number>
  readonly tickets: Map<string, { readonly claims: string; readonly expiresAt: number }>
  readonly debts: Map<string, { readonly ms: number; readonly at: number }>
}

/** The bus and the shared store of the nodes of one process, in place of Redis. */
export interface MemoryWire {
  readonly clock: Clock
  readonly bounds: Bounds
  /** Connects a node's bus. @throws TypeError when a node of this name is attached. */
  attach(node: string, receiver: Receiver): Link
  /** The shared store.
   *  @throws ClusterError `unreachable` between `goDown` and `comeUp`. */
  reach(): Store
  /** Faults of the network, for tests. */
  readonly faults: Faults
  /** Makes the cluster unreachable: all calls of all ports reject, and all buses are disconnected. For tests. */
  goDown(): void
  /** Ends `goDown`. The store keeps its content, and every bus is told about the interruption. */
  comeUp(): void
}

const BOUNDS: Bounds = { inbox: 65_536, users: 1_000_000, tickets: 100_000, limits: 100_000 }

/** A new, empty cluster. It reads times from `clock`, and durations from the monotonic clock `elapsed` in
 *  milliseconds, by default `performance.now`. */
export function memoryWire(options: {
  readonly clock: Clock
  readonly elapsed?: () => number
  readonly bounds?: Partial<Bounds>
}): MemoryWire {
  const { elapsed = () => performance.now() } = options
  const bounds = { ...BOUNDS, ...options.bounds }
  const network = memoryNetwork(bounds.inbox, elapsed)
  const names = new Set<string>()
  const store: Store = {
    people: new Map(),
    leaving: new Set(),
    held: new Map(),
    leases: new Map(),
    tickets: new Map(),
    debts: new Map()
  }
  let down = false

  return {
    clock: options.clock,
    bounds,
    faults: network.faults,
    attach(node, receiver) {
      const link = network.attach(node, receiver)
      names.add(node)
      if (down) network.faults.disconnect(node)
      const detach = () => {
        names.delete(node)
        link.detach()
      }
      return { ...link, detach }
    },
    reach() {
      if (down) throw unreachable()
      return store
    },
    goDown() {
      down = true
      for (const node of names) network.faults.disconnect(node)
    },
    comeUp() {
      down = false
      for (const node of names) network.faults.reconnect(node)
    }
  }
}
