import { type Address, type Connection, type ConnectionListener, type Credentials, connect } from './connection.ts'
import type { Route } from './route.ts'
import { keyOf, type Tag, tags } from './tags.ts'

/** Time between two probes, in milliseconds. */
const PROBE_MS = 1_000
/** Without a probe that came back for this long, the subscriber's connection is replaced. */
const DEAF_MS = 3_000
/** Probes that are remembered while they are on their way. */
const PROBES_MAX = 16

/** What a link tells its bus. */
export interface LinkListener {
  /** The link works: its subscriber has just heard what its publisher sent. It holds no subscription yet. */
  onLive(link: Link): void
  /** The subscriptions of the link are gone. Messages that the node accepted after `heardAt` may be lost. */
  onDeaf(link: Link, heardAt: number): void
  /** The node no longer owns some of the subscribed slots. */
  onMoved(link: Link): void
  onMessage(channel: string, bytes: Buffer): void
  /** A second has passed. */
  onTick(): void
}

/** The two connections of a bus to one Redis node. Every second the publisher sends a probe to the subscriber: only what
 *  comes back proves that the node still delivers. */
export interface Link {
  readonly address: Address
  readonly publisher: Connection
  readonly subscriber: Connection
  /** Whether the subscriber is known to hear, until the bus is told otherwise. */
  readonly live: boolean
  /** When the last probe that came back was sent, on the clock `elapsed`. The subscriber has heard all before. */
  readonly heardAt: number
  /** Resolves when a probe that is sent now comes back: the subscriber has then heard all that the node accepted until
   *  now. False when the link becomes deaf instead. */
  prove(): Promise<boolean>
  close(): void
}

interface Waiting {
  readonly probe: number
  readonly resolve: (heard: boolean) => void
}

/** Opens the connections to `address`. `name` is the bus's own: no other bus probes with it. */
export function openLink({ address, name, credentials, route, elapsed }: LinkOptions, listener: LinkListener): Link {
  const sent = new Map<number, number>()
  let waiting: Waiting[] = []
  let probes = 0
  let live = false
  let heardAt = elapsed()
  let resetAt = elapsed()
  let channel: string | null = null

  const subscriberListener: ConnectionListener = {
    onReady: () => void begin(),
    onLost: becomeDeaf,
    onMoved: () => listener.onMoved(link),
    onMessage(from, bytes) {
      if (from === channel) onProbe(Number(bytes.toString()))
      else listener.onMessage(from, bytes)
    }
  }
  const publisher = connect(address, credentials, { onReady: () => channel !== null && probe() })
  const subscriber = connect(address, credentials, subscriberListener)

  function becomeDeaf(): void {
    for (const { resolve } of waiting.splice(0)) resolve(false)
    sent.clear()
    channel = null
    if (!live) return
    live = false
    listener.onDeaf(link, heardAt)
  }

  /** Subscribes the probe's channel, whose slot this node must own. */
  async function begin(): Promise<void> {
    const tag = tags.find(each => route.addressOf(each) === address)
    if (tag === undefined) return
    const probed = probeChannel(tag, name)
    try {
      await subscriber.subscribe([probed])
      channel = probed
      probe()
    } catch {
      subscriber.reset()
    }
  }

  function probe(): number {
    probes += 1
    const number = probes
    if (channel === null) return number
    if (sent.size >= PROBES_MAX) sent.clear() // nothing came back: the next ticks replace the connection
    sent.set(number, elapsed())
    publisher.send('SPUBLISH', [channel, number]).catch(() => sent.delete(number))
    return number
  }

  function onProbe(number: number): void {
    heardAt = Math.max(heardAt, sent.get(number) ?? heardAt)
    resetAt = elapsed()
    for (const each of sent.keys()) if (each <= number) sent.delete(each)
    const heard = waiting.filter(each => each.probe <= number)
    waiting = waiting.filter(each => each.probe > number)
    if (!live) {
      live = true
      listener.onLive(link)
    }
    for (const { resolve } of heard) resolve(true)
  }

  function tick(): void {
    if (elapsed() - Math.max(heardAt, resetAt) > DEAF_MS) {
      resetAt = elapsed()
      becomeDeaf()
      subscriber.reset()
      publisher.reset()
    } else if (channel !== null) probe()
    else if (subscriber.ready) void begin()
    listener.onTick()
  }
  const timer = setInterval(tick, PROBE_MS)

  const link: Link = {
    address,
    publisher,
    subscriber,
    get live() {
      return live
    },
    get heardAt() {
      return heardAt
    },
    prove() {
      if (!live) return Promise.resolve(false)
      const number = probe()
      return new Promise(resolve => waiting.push({ probe: number, resolve }))
    },
    close() {
      clearInterval(timer)
      live = false
      for (const { resolve } of waiting.splice(0)) resolve(false)
      publisher.close()
      subscriber.close()
    }
  }
  return link
}

/** What `openLink` needs. */
export interface LinkOptions {
  readonly address: Address
  readonly name: string
  readonly credentials: Credentials
  readonly route: Route
  /** A monotonic clock in milliseconds. */
  readonly elapsed: () => number
}

const probeChannel = (tag: Tag, name: string) => keyOf(tag, `probe:${name}`)
