import type { Envelope } from './envelope.ts'
import type { Topic } from './topics.ts'

/** One envelope and the topics to publish it to. It is encoded once, whatever the number of topics. */
export interface Delivery {
  readonly topics: readonly Topic[]
  readonly envelope: Envelope
}

/** Receives what a bus delivers to its node. The bus calls one method at a time, never from inside a call of the bus.
 *  Neither method may throw. */
export interface BusListener {
  /** An envelope was published to a topic that this node subscribes. Called once for each such topic. */
  onMessage(topic: Topic, envelope: Envelope): void
  /** Messages of these topics may have been lost: the connection broke, a buffer overran, or bytes were malformed.
   *  Called once messages flow again; the topics are still subscribed. Only messages that a bus accepted in the last
   *  `deafMs` milliseconds, on a monotonic clock, can be lost. Null when the bus does not know how long that is. */
  onInterruption(topics: readonly Topic[] | 'all', deafMs: number | null): void
}

/**
 * Carries envelopes between nodes.
 *
 * - At most once: a node never gets what is published during an interruption. `onInterruption` tells it afterwards.
 * - In order for each publisher and topic. Between publishers, and between topics, there is no order.
 * - A node also gets what it publishes itself, if it subscribes the topic.
 */
export interface Bus {
  /** Publishes the deliveries, and the topics of each, in order. Resolves when the bus accepted them, whether or not a
   *  node subscribes. Calls keep their order even if they are not awaited. Settles
   *  in bounded time: a bus that hangs is `unreachable`.
   *  @throws ClusterError `unreachable` when the bus did not accept all of them. Some may have been delivered.
   *  @throws ClusterError `malformed` when an envelope cannot be encoded. Nothing was published then. */
  publish(deliveries: readonly Delivery[]): Promise<void>
  /** Resolves when the subscription is confirmed. Messages published after that arrive; earlier ones may. A topic
   *  that is subscribed already stays so. Calls of `subscribe` and `unsubscribe` take effect in the order they were
   *  made.
   *  @throws ClusterError `unreachable` when it was not confirmed. Treat the topics as not subscribed, and call
   *  again. */
  subscribe(topics: readonly Topic[]): Promise<void>
  /** Resolves when no further message of these topics will arrive. A topic that is not subscribed is ignored. An
   *  unreachable bus is not an error: the topics stay unsubscribed when it is back. */
  unsubscribe(topics: readonly Topic[]): Promise<void>
  /** Ends all subscriptions. The listener is not called again. Published messages are still delivered. Every later call
   *  except `close` rejects with ClusterError `closed`. */
  close(): Promise<void>
}
