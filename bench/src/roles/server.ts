import type { EventLoad, Published } from '../events.ts'
import type { Usage } from '../usage.ts'

/** A WebSocket server that the bench measures. */
export interface SocketServer {
  /** The port on loopback where it listens. */
  port(): number
  usage(): Usage
  /** As in `Usage`, without collecting garbage. */
  cpuMicros(): number
  /** Publishes events to the rooms in turn. All events are made beforehand. */
  publish(load: EventLoad): Promise<Published>
}
