import { randomUUID } from 'node:crypto'
import type { Bus, BusListener, Delivery } from '../bus.ts'
import { decode, type Envelope, encode } from '../envelope.ts'
import { closed, unreachable } from '../error.ts'
import type { Topic } from '../topics.ts'
import { type Link, openLink } from './bus-link.ts'
import { publisherOf } from './bus-publisher.ts'
import { subscriptionsOf } from './bus-subscriptions.ts'
import type { Address, Credentials } from './connection.ts'
import type { Route } from './route.ts'

/** A bus on Redis. */
export interface RedisBus extends Bus {
  /** Resolves when the bus works for the first time: it hears what it publishes on every node. */
  readonly opened: Promise<void>
}

/** How a bus reaches Redis. */
export interface RedisBusOptions {
  readonly route: Route
  readonly credentials: Credentials
  /** A monotonic clock in milliseconds, by default `performance.now`. */
  readonly elapsed?: () => number
}

/** The bus of one node over sharded pub/sub (Redis 7), on a single Redis or a Cluster. ADR 35 says why it does not use
 *  the Cluster client of ioredis. */
export function redisBus(options: RedisBusOptions, listener: BusListener): RedisBus {
  const { route, credentials, elapsed = () => performance.now() } = options
  const links = new Map<Address, Link>()
  const name = randomUUID()

  const linkOf = (address: Address | null) => (address === null ? undefined : links.get(address))
  const subscriptions = subscriptionsOf({ route, linkOf, elapsed, onInterruption: listener.onInterruption })
  const publisher = publisherOf({ route, linkOf, elapsed })
  let open = true
  let resolveOpened = () => {}
  const opened = new Promise<void>(resolve => {
    resolveOpened = resolve
  })

  function openLinks(): void {
    const used = route.addresses()
    for (const address of used) {
      if (links.has(address)) continue
      const options = { address, name, credentials, route, elapsed }
      links.set(address, openLink(options, events))
    }
    for (const [address, link] of links) {
      if (used.includes(address)) continue
      subscriptions.lost(link, link.heardAt)
      link.close()
      links.delete(address)
    }
  }

  const events = {
    onLive() {
      void subscriptions.place()
      if (links.size > 0 && [...links.values()].every(({ live }) => live)) resolveOpened()
    },
    onDeaf: (link: Link, heardAt: number) => subscriptions.lost(link, heardAt),
    onMoved(link: Link) {
      subscriptions.lost(link, link.heardAt)
      void route.refresh().then(() => subscriptions.place())
    },
    onMessage(channel: string, bytes: Buffer) {
      const heard = subscriptions.heard(channel)
      if (heard === null) return
      if (heard.gap !== null) return subscriptions.interrupt(heard.gap, Number(bytes.toString()))
      deliver(heard.topic, bytes)
    },
    onTick() {
      void subscriptions.place()
      publisher.tellGaps()
    }
  }

  function deliver(topic: Topic, bytes: Buffer): void {
    let envelope: Envelope
    try {
      envelope = decode(bytes)
    } catch {
      listener.onInterruption([topic], null) // a malformed envelope counts as lost
      return
    }
    listener.onMessage(topic, envelope)
  }

  function refuseClosed(): void {
    if (!open) throw closed()
  }

  route.onChange(moved => {
    if (!open) return
    publisher.moved(moved)
    openLinks()
    void subscriptions.place()
  })
  openLinks()

  return {
    opened,
    async publish(deliveries: readonly Delivery[]) {
      refuseClosed()
      const encoded = deliveries.map(({ topics, envelope }) => ({ topics, bytes: encode(envelope) }))
      const sent = encoded.flatMap(({ topics, bytes }) => topics.map(topic => publisher.publish(topic, bytes)))
      const accepted = await Promise.all(sent)
      if (accepted.includes(false)) throw unreachable()
    },
    async subscribe(topics) {
      refuseClosed()
      const confirmed = await subscriptions.subscribe(topics)
      refuseClosed()
      if (!confirmed) throw unreachable()
    },
    async unsubscribe(topics) {
      refuseClosed()
      await subscriptions.unsubscribe(topics)
    },
    async close() {
      if (!open) return
      open = false
      resolveOpened()
      await publisher.settle()
      for (const link of links.values()) link.close()
    }
  }
}
