import { type Address, type Connection, type Credentials, connect } from './connection.ts'
import { slotOfTag, type Tag, tags } from './tags.ts'

/** How often the nodes of a Cluster are asked which of them owns which slots, in milliseconds. */
const REFRESH_MS = 1_000

/** Says which Redis node owns a tag. */
export interface Route {
  /** The node that owns the tag; null while that is not known. */
  addressOf(tag: Tag): Address | null
  /** Every node that owns a tag. */
  addresses(): readonly Address[]
  /** Asks a node again, and resolves when it answered or could not be asked. A call while one is under way joins it. */
  refresh(): Promise<void>
  /** Calls `listener` after each change, with the tags that have a new owner. */
  onChange(listener: (moved: readonly Tag[]) => void): void
  /** The address by which this process reaches a node that announces `address`. */
  translate(address: Address): Address
  close(): void
}

/** The route of a single Redis: all tags are at `address`. */
export function singleRoute(address: Address): Route {
  return {
    addressOf: () => address,
    addresses: () => [address],
    refresh: async () => {},
    onChange: () => {},
    translate: announced => announced,
    close: () => {}
  }
}

/** A node of a Cluster, as `CLUSTER NODES` tells it. */
interface ClusterNode {
  readonly address: Address
  /** Rises with each failover or move of slots: of two nodes that claim a slot, the higher one owns it. */
  readonly epoch: number
  readonly slots: readonly (readonly [number, number])[]
}

interface Owner {
  readonly address: Address
  readonly epoch: number
}

/** The route of a Redis Cluster. It learns of a move by asking each node in turn, once a second, and believes the
 *  highest epoch: a node that was cut off from the others may claim slots that it lost. `translate` maps the addresses
 *  that nodes announce to those by which this process reaches them. */
export function clusterRoute(
  seeds: readonly Address[],
  credentials: Credentials,
  translate: (address: Address) => Address = address => address
): Route {
  const asked = new Map<Address, Connection>()
  const owners = new Map<Tag, Owner>()
  const listeners: ((moved: readonly Tag[]) => void)[] = []
  let turn = 0
  let underWay: Promise<void> | null = null

  const open = (address: Address) => {
    if (!asked.has(address)) asked.set(address, connect(address, credentials, { onReady: () => void refresh() }))
  }

  function learn(nodes: readonly ClusterNode[]): void {
    const moved = tags.filter(tag => {
      const slot = slotOfTag[tag] ?? 0
      const claims = nodes.filter(({ slots }) => slots.some(([from, to]) => from <= slot && slot <= to))
      const before = owners.get(tag)
      const owner = claims.reduce<Owner | undefined>(
        (best, each) => (each.epoch > (best?.epoch ?? -1) ? each : best),
        before
      )
      if (owner === undefined || owner === before) return false
      owners.set(tag, { address: owner.address, epoch: owner.epoch })
      return owner.address !== before?.address
    })
    for (const { address } of nodes) open(address)
    if (moved.length > 0) for (const listener of listeners) listener(moved)
  }

  async function ask(): Promise<void> {
    const connections = [...asked.values()].filter(({ ready }) => ready)
    turn += 1
    const connection = connections[turn % connections.length]
    if (connection === undefined) return
    const reply = await connection.send('CLUSTER', ['NODES']).catch(() => null)
    if (typeof reply === 'string') learn(parseNodes(reply, translate))
  }

  async function refresh(): Promise<void> {
    underWay ??= ask().finally(() => {
      underWay = null
    })
    await underWay
  }

  for (const seed of seeds) open(seed)
  const timer = setInterval(() => void refresh(), REFRESH_MS)

  return {
    addressOf: tag => owners.get(tag)?.address ?? null,
    addresses: () => [...new Set([...owners.values()].map(({ address }) => address))],
    refresh,
    onChange: listener => void listeners.push(listener),
    translate,
    close() {
      clearInterval(timer)
      for (const connection of asked.values()) connection.close()
    }
  }
}

/** The reachable nodes of an answer to `CLUSTER NODES`. Replicas have no slots. */
function parseNodes(text: string, translate: (address: Address) => Address): ClusterNode[] {
  const nodes: ClusterNode[] = []
  for (const line of text.split('\n')) {
    const [, place = '', flags = '', , , , epoch = '0', , ...slots] = line.trim().split(' ')
    const address = place.split('@', 1)[0] ?? ''
    if (!/:[1-9]\d*$/.test(address) || flags.split(',').some(flag => flag === 'fail' || flag === 'noaddr')) continue
    nodes.push({
      address: translate(address),
      epoch: Number(epoch),
      slots: flags.includes('master') ? slots.filter(range => /^\d/.test(range)).map(parseRange) : []
    })
  }
  return nodes
}

function parseRange(range: string): readonly [number, number] {
  const [from = 0, to = from] = range.split('-').map(Number)
  return [from, to]
}
