import type { Fed, Offer } from '../feed.ts'
import type { Usage } from '../usage.ts'

/** A server of sockets, as the bench compares them. */
export interface SocketServer {
  /** Where it listens, on loopback. */
  port(): number
  usage(): Usage
  /** As of `Usage`, at once. */
  cpuMicros(): number
  /** Tells events to the rooms, in turn, all of them prepared beforehand. */
  offer(offer: Offer): Promise<Fed>
}
