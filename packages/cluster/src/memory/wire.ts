import type { UserId } from '@rendezvous/contract'
import type { Clock } from '../clock.ts'
import { unreachable } from '../error.ts'
import { type Faults, type Link, memoryNetwork, type Receiver } from './network.ts'

/** How much the memory of a cluster holds at most, in entries. */
export interface Bounds {
  /** Parcels that wait for one node; above it they are lost and the node is told. */
  readonly inbox: number
  readonly users: number
  readonly tickets: number
  /** Keys that `Limits` remembers; above it the one not used for longest is forgotten. */
  readonly limits: number
}

/** Someone who is online, or has sockets but hid himself. Times in milliseconds since 1970, 0 for none. */
export interface Person {
  /** Gateways that hold a socket of his: mostly one, for which a Set would be 200 bytes. */
  holders: readonly string[]
  visible: boolean
  graceUntil: number
  declaredUntil: number
}

/** A gateway's lease. `token` tells one grant from the next after the gateway was given up. */
export interface Lease {
  readonly token: object
  expiresAt: number
}

/** What Redis would store: shared by all nodes, changed by one call at a time. */
interface Store {
  readonly people: Map<UserId, Person>
  /** Those of `people` whom no gateway holds. */
  readonly leaving: Set<UserId>
  readonly leases: Map<string, Lease>
  readonly tickets: Map<string, { readonly claims: string; readonly expiresAt: number }>
  readonly debts: Map<string, { readonly ms: number; readonly at: number }>
}

/** The cluster that the nodes of one process share, in the place of Redis. */
export interface MemoryWire {
  readonly clock: Clock
  readonly bounds: Bounds
  /** Connects a node's bus. Names are unique among those attached. */
  attach(node: string, receiver: Receiver): Link
  /** The shared store.
   *  @throws ClusterError `unreachable` between `goDown` and `comeUp`. */
  reach(): Store
  /** What tests do to the network. */
  readonly faults: Faults
  /** Takes the whole cluster away: every call of every port rejects, every bus is cut off. For tests. */
  goDown(): void
  /** Ends `goDown`: what was stored is there again, every bus is told of the interruption. */
  comeUp(): void
}

const BOUNDS: Bounds = { inbox: 65_536, users: 1_000_000, tickets: 100_000, limits: 100_000 }

/** A cluster of its own, empty. Everything on it reads the time from `clock`, and how long something took from `elapsed`: milliseconds of a clock
 *  that never goes back, this machine's unless given. */
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
