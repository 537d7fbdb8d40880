import { unreachable } from '../error.ts'
import type { Topic } from '../topics.ts'

/** Parcels that one node handles before the event loop gets its turn. */
const PARCELS_A_TURN = 256

/** What a node is told by the network: bytes of a topic, and that some were lost. */
export interface Receiver {
  onBytes(topic: Topic, bytes: Uint8Array): void
  onInterruption(topics: readonly Topic[] | 'all'): void
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

interface Node {
  readonly receiver: Receiver
  readonly topics: Set<Topic>
  inbox: (() => void)[]
  draining: boolean
  attached: boolean
  cut: ReadonlySet<Topic> | 'all' | null
  held: { readonly topic: Topic; readonly bytes: Uint8Array }[] | null
}

/** Carries bytes between the nodes of one process as pub/sub of Redis does: never on the caller's stack, at most once, in order for
 *  each publisher. A node that lets more than `inbox` parcels pile up loses them and is told so, as Redis cuts a slow subscriber off. */
export function memoryNetwork(inbox: number): { attach(name: string, receiver: Receiver): Link; faults: Faults } {
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
    for (const node of nodes.values()) {
      if (!node.topics.has(topic) || isCut(node, topic)) continue
      const deliver = () => {
        if (node.topics.has(topic) && !isCut(node, topic)) node.receiver.onBytes(topic, bytes)
      }
      if (node.inbox.length < inbox) queue(node, deliver)
      else node.inbox = [() => node.receiver.onInterruption('all')]
    }
  }

  return { attach, faults: memoryFaults(nodes, route) }
}

function memoryFaults(nodes: ReadonlyMap<string, Node>, route: Faults['inject']): Faults {
  const find = (name: string): Node => {
    const node = nodes.get(name)
    if (node === undefined) throw new TypeError(`no node named ${name} is attached`)
    return node
  }

  return {
    disconnect(name, topics) {
      find(name).cut = topics === undefined ? 'all' : new Set(topics)
    },
    reconnect(name) {
      const node = find(name)
      const { cut } = node
      if (cut === null) return
      node.cut = null
      queue(node, () => node.receiver.onInterruption(cut === 'all' ? 'all' : [...cut]))
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

function queue(node: Node, parcel: () => void): void {
  node.inbox.push(parcel)
  if (node.draining) return
  node.draining = true
  setImmediate(drain, node)
}

function drain(node: Node): void {
  for (const handle of node.inbox.splice(0, PARCELS_A_TURN)) if (node.attached) handle()
  node.draining = node.attached && node.inbox.length > 0
  if (node.draining) setImmediate(drain, node)
}
