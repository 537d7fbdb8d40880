import type { Envelope } from './envelope.ts'
import type { Topic } from './topics.ts'

/** One envelope and where it goes. It is encoded once, whatever the number of topics. */
export interface Delivery {
  readonly topics: readonly Topic[]
  readonly envelope: Envelope
}

/** What a node hears from its bus. Both are called one at a time, never while a call on the bus is on the stack, and must not throw. */
export interface BusListener {
  /** An envelope that was published to a topic this node subscribes: once for each such topic it was published to. */
  onMessage(topic: Topic, envelope: Envelope): void
  /** Messages of these topics may have been lost: the connection was interrupted, a buffer overran, bytes could not be read. Told once
   *  messages flow again. The topics are still subscribed. What a bus took more than `deafMs` milliseconds before this call was not lost by this
   *  interruption, by a clock that never goes back; null when that is not known. */
  onInterruption(topics: readonly Topic[] | 'all', deafMs: number | null): void
}

/**
 * Carries envelopes between nodes.
 *
 * - At most once: what is published while a node is interrupted it never gets; it is told by `onInterruption` afterwards.
 * - In order for each publisher and topic. Between publishers, and between topics, there is no order.
 * - A publisher's own node is a subscriber like any other.
 */
export interface Bus {
  /** Hands the deliveries over, in their order, each topic in its order. Resolves when the bus took them, which says nothing about who got
   *  them: publishing to nobody is fine. Calls keep their order without being awaited.
   *  @throws ClusterError `unreachable` when the bus did not take all of them: some may have been delivered.
   *  @throws ClusterError `malformed` when an envelope cannot be encoded; then nothing was published. */
  publish(deliveries: readonly Delivery[]): Promise<void>
  /** Resolves when confirmed: what is published after that is received; what is published before it may be. Topics are a set: one that
   *  is subscribed already stays so. Calls of `subscribe` and `unsubscribe` take effect in the order they were made.
   *  @throws ClusterError `unreachable` when it was not confirmed: then assume none of these topics is subscribed, and ask again. */
  subscribe(topics: readonly Topic[]): Promise<void>
  /** Resolves when nothing of these topics arrives any more. A topic that is not subscribed is ignored. An unreachable bus is no error:
   *  the topics will not be subscribed again when it comes back. */
  unsubscribe(topics: readonly Topic[]): Promise<void>
  /** Ends all subscriptions; the listener is not called again. What was published is not withdrawn. Every later call but this one rejects
   *  with ClusterError `closed`. */
  close(): Promise<void>
}
