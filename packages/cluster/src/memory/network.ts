import { unreachable } from '../error.ts'
import type { Topic } from '../topics.ts'

/** Notices that one node handles before other work of the event loop runs. */
const NOTICES_PER_TURN = 256

/** Receives what the network delivers to a node: bytes of a topic that were sent `ageMs` ago, and interruptions, in
 *  which only bytes of the last `deafMs` were lost. */
export interface Receiver {
  onBytes(topic: Topic, bytes: Uint8Array, ageMs: number): void
  onInterruption(topics: readonly Topic[] | 'all', deafMs: number): void
}

/** One node's connection to the network. */
export interface Link {
  /** @throws ClusterError `unreachable` while the node is disconnected from the topic. */
  send(topic: Topic, bytes: Uint8Array): void
  /** @throws ClusterError `unreachable` while the node is disconnected from one of the topics. It joins none then. */
  join(topics: readonly Topic[]): void
  leave(topics: readonly Topic[]): void
  detach(): void
}

/** Faults that a test injects into a network. Nodes have the names under which they attached. */
export interface Faults {
  /** Disconnects a node from `topics`, or from all. It loses what is published to them, and cannot publish or
   *  subscribe. */
  disconnect(node: string, topics?: readonly Topic[]): void
  /** Ends `disconnect`, and tells the node about the interruption. */
  reconnect(node: string): void
  /** Delays what `node` publishes from now on, as a slow connection would, so that other publishers overtake it. */
  hold(node: string): void
  /** Delivers the delayed messages in the order they were published, and ends `hold`. */
  release(node: string): void
  /** Publishes raw bytes. */
  inject(topic: Topic, bytes: Uint8Array): void
}

/** A queued call of a node's receiver. `since` is when its bytes, or the first that may be lost, were sent. */
interface Notice {
  readonly since: number
  readonly handle: () => void
}

interface Node {
  readonly receiver: Receiver
  readonly topics: Set<Topic>
  inbox: Notice[]
  draining: boolean
  attached: boolean
  disconnected: ReadonlySet<Topic> | 'all' | null
  /** When the first message that may be lost was sent. */
  disconnectedSince: number
  held: { readonly topic: Topic; readonly bytes: Uint8Array }[] | null
}

/** Pub/sub between the nodes of one process, with the promises of Redis: never on the caller's stack, at most once, in
 *  order per publisher. A node with more than `inbox` queued notices loses them and is told so, as Redis disconnects a
 *  slow subscriber. */
export function memoryNetwork(
  inbox: number,
  elapsed: () => number
): { attach(name: string, receiver: Receiver): Link; faults: Faults } {
  const nodes = new Map<string, Node>()

  function attach(name: string, receiver: Receiver): Link {
    if (nodes.has(name)) throw new TypeError(`a node named ${name} is attached already`)
    const node: Node = {
      receiver,
      topics: new Set(),
      inbox: [],
      draining: false,
      attached: true,
      disconnected: null,
      disconnectedSince: 0,
      held: null
    }
    nodes.set(name, node)
    return {
      send: (topic, bytes) => send(node, topic, bytes),
      join: topics => join(node, topics),
      leave: topics => leave(node, topics),
      detach() {
        node.attached = false
        nodes.delete(name)
      }
    }
  }

  function send(from: Node, topic: Topic, bytes: Uint8Array): void {
    if (isDisconnected(from, topic)) throw unreachable()
    if (from.held === null) route(topic, bytes)
    else if (from.held.length < inbox) from.held.push({ topic, bytes })
    else throw unreachable()
  }

  function route(topic: Topic, bytes: Uint8Array): void {
    const since = elapsed()
    for (const node of nodes.values()) {
      if (!node.topics.has(topic) || isDisconnected(node, topic)) continue
      const handle = () => {
        if (node.topics.has(topic) && !isDisconnected(node, topic))
          node.receiver.onBytes(topic, bytes, elapsed() - since)
      }
      if (node.inbox.length < inbox) queue(node, { since, handle })
      else node.inbox = [interruption(node, 'all', oldest(node, since), elapsed)]
    }
  }

  return { attach, faults: memoryFaults(nodes, route, elapsed) }
}

function memoryFaults(nodes: ReadonlyMap<string, Node>, route: Faults['inject'], elapsed: () => number): Faults {
  const find = (name: string): Node => {
    const node = nodes.get(name)
    if (node === undefined) throw new TypeError(`no node named ${name} is attached`)
    return node
  }

  return {
    disconnect(name, topics) {
      const node = find(name)
      if (node.disconnected === null) node.disconnectedSince = oldest(node, elapsed())
      node.disconnected = topics === undefined ? 'all' : new Set(topics)
    },
    reconnect(name) {
      const node = find(name)
      const { disconnected, disconnectedSince } = node
      if (disconnected === null) return
      node.disconnected = null
      const topics = disconnected === 'all' ? disconnected : [...disconnected]
      queue(node, interruption(node, topics, disconnectedSince, elapsed))
    },
    hold(name) {
      find(name).held ??= []
    },
    release(name) {
      const node = find(name)
      const held = node.held ?? []
      node.held = null
      for (const { topic, bytes } of held) route(topic, bytes)
    },
    inject: route
  }
}

function join(node: Node, topics: readonly Topic[]): void {
  if (topics.some(topic => isDisconnected(node, topic))) throw unreachable()
  for (const topic of topics) node.topics.add(topic)
}

function leave(node: Node, topics: readonly Topic[]): void {
  for (const topic of topics) node.topics.delete(topic)
}

function isDisconnected({ disconnected }: Node, topic: Topic): boolean {
  return disconnected === 'all' || (disconnected?.has(topic) ?? false)
}

/** The notice that the node may have lost what was sent from `since` on. */
function interruption(node: Node, topics: readonly Topic[] | 'all', since: number, elapsed: () => number): Notice {
  return { since, handle: () => node.receiver.onInterruption(topics, elapsed() - since) }
}

/** When the first queued message of the node was sent; `otherwise` when its inbox is empty. */
function oldest(node: Node, otherwise: number): number {
  return node.inbox.reduce((earliest, { since }) => Math.min(earliest, since), otherwise)
}

function queue(node: Node, notice: Notice): void {
  node.inbox.push(notice)
  if (node.draining) return
  node.draining = true
  setImmediate(drain, node)
}

function drain(node: Node): void {
  for (const { handle } of node.inbox.splice(0, NOTICES_PER_TURN)) if (node.attached) handle()
  node.draining = node.attached && node.inbox.length > 0
  if (node.draining) setImmediate(drain, node)
}
