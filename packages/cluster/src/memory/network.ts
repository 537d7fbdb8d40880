import { unreachable } from '../error.ts'
import type { Topic } from '../topics.ts'

/** Parcels that one node handles before the event loop gets its turn. */
const PARCELS_A_TURN = 256

/** What a node is told by the network: bytes of a topic that were sent `ageMs` ago, and that some were lost, none of which was sent more than
 *  `deafMs` ago. */
export interface Receiver {
  onBytes(topic: Topic, bytes: Uint8Array, ageMs: number): void
  onInterruption(topics: readonly Topic[] | 'all', deafMs: number): void
}

/** One node's end of the network. */
export interface Link {
  /** @throws ClusterError `unreachable` while the node is cut off from the topic. */
  send(topic: Topic, bytes: Uint8Array): void
  /** @throws ClusterError `unreachable` while the node is cut off from any of the topics; then it joins none. */
  join(topics: readonly Topic[]): void
  leave(topics: readonly Topic[]): void
  detach(): void
}

/** What a test does to a network. Nodes go by the name they attached under. */
export interface Faults {
  /** Cuts a node off from `topics`, or from all: what is published to them it never gets, and it cannot publish or subscribe to them. */
  disconnect(node: string, topics?: readonly Topic[]): void
  /** Ends `disconnect`, and tells the node what it was cut off from. */
  reconnect(node: string): void
  /** Keeps back what `node` publishes from now on, as a slow connection would, so that other publishers overtake it. */
  hold(node: string): void
  /** Delivers what was held, in the order it was published, and ends `hold`. */
  release(node: string): void
  /** Publishes raw bytes. */
  inject(topic: Topic, bytes: Uint8Array): void
}

/** What waits for a node. `since`: when the bytes were sent, or the first of those that may be lost. */
interface Parcel {
  readonly since: number
  readonly handle: () => void
}

interface Node {
  readonly receiver: Receiver
  readonly topics: Set<Topic>
  inbox: Parcel[]
  draining: boolean
  attached: boolean
  cut: ReadonlySet<Topic> | 'all' | null
  /** When the first of what it is cut off from was sent. */
  cutSince: number
  held: { readonly topic: Topic; readonly bytes: Uint8Array }[] | null
}

/** Carries bytes between the nodes of one process as pub/sub of Redis does: never on the caller's stack, at most once, in order for
 *  each publisher. A node that lets more than `inbox` parcels pile up loses them and is told so, as Redis cuts a slow subscriber off. */
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
      cut: null,
      cutSince: 0,
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
    if (isCut(from, topic)) throw unreachable()
    if (from.held === null) route(topic, bytes)
    else if (from.held.length < inbox) from.held.push({ topic, bytes })
    else throw unreachable()
  }

  function route(topic: Topic, bytes: Uint8Array): void {
    const since = elapsed()
    for (const node of nodes.values()) {
      if (!node.topics.has(topic) || isCut(node, topic)) continue
      const handle = () => {
        if (node.topics.has(topic) && !isCut(node, topic)) node.receiver.onBytes(topic, bytes, elapsed() - since)
      }
      if (node.inbox.length < inbox) queue(node, { since, handle })
      else node.inbox = [notice(node, 'all', oldest(node, since), elapsed)]
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
      if (node.cut === null) node.cutSince = oldest(node, elapsed())
      node.cut = topics === undefined ? 'all' : new Set(topics)
    },
    reconnect(name) {
      const node = find(name)
      const { cut, cutSince } = node
      if (cut === null) return
      node.cut = null
      queue(node, notice(node, cut === 'all' ? 'all' : [...cut], cutSince, elapsed))
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
  if (topics.some(topic => isCut(node, topic))) throw unreachable()
  for (const topic of topics) node.topics.add(topic)
}

function leave(node: Node, topics: readonly Topic[]): void {
  for (const topic of topics) node.topics.delete(topic)
}

function isCut({ cut }: Node, topic: Topic): boolean {
  return cut === 'all' || (cut?.has(topic) ?? false)
}

/** Tells the node that it may have lost what was sent from `since` on. */
function notice(node: Node, topics: readonly Topic[] | 'all', since: number, elapsed: () => number): Parcel {
  return { since, handle: () => node.receiver.onInterruption(topics, elapsed() - since) }
}

/** When the first of what waits for the node was sent; `otherwise` when nothing does. */
function oldest(node: Node, otherwise: number): number {
  return node.inbox.reduce((earliest, { since }) => Math.min(earliest, since), otherwise)
}

function queue(node: Node, parcel: Parcel): void {
  node.inbox.push(parcel)
  if (node.draining) return
  node.draining = true
  setImmediate(drain, node)
}

function drain(node: Node): void {
  for (const { handle } of node.inbox.splice(0, PARCELS_A_TURN)) if (node.attached) handle()
  node.draining = node.attached && node.inbox.length > 0
  if (node.draining) setImmediate(drain, node)
}
