import type { BusListener } from '../bus.ts'
import type { Topic } from '../topics.ts'
import { channelOf, gapChannel, gapTagOf, topicOf } from './bus-channels.ts'
import type { Link } from './bus-link.ts'
import { STALE_MS } from './bus-publisher.ts'
import type { Address } from './connection.ts'
import type { Route } from './route.ts'
import { type Tag, tagOf } from './tags.ts'

/** Channels of one command. */
const CHANNELS_MAX = 500

/** The subscribing half of a bus. */
export interface Subscriptions {
  /** Whether the node confirmed all of them. If not, none of these topics is subscribed. */
  subscribe(topics: readonly Topic[]): Promise<boolean>
  unsubscribe(topics: readonly Topic[]): Promise<void>
  /** What a channel stands for: a topic, or the gaps of a tag. Null when nobody subscribes it any more. */
  heard(channel: string): { readonly topic: Topic; readonly gap: null } | { readonly gap: Tag } | null
  /** Messages of a tag that a bus accepted in the last `deafMs` may be lost. */
  interrupt(tag: Tag, deafMs: number): void
  /** The link holds no subscription any more. It has heard all that was accepted before `heardAt`. */
  lost(link: Link, heardAt: number): void
  /** Subscribes again what was lost, and what has a new owner; then tells the interruption. */
  place(): Promise<void>
}

/** What subscriptions need of their bus. */
export interface SubscriptionsOptions {
  readonly route: Route
  readonly linkOf: (address: Address | null) => Link | undefined
  readonly elapsed: () => number
  readonly onInterruption: BusListener['onInterruption']
}

/** The topics of one tag that are subscribed. */
interface Subscribed {
  readonly topics: Set<Topic>
  /** The link that holds the subscriptions. Null while none does. */
  link: Link | null
  /** Since when messages may be lost; null when none is. */
  deafSince: number | null
  placing: boolean
}

/** The subscriptions of one bus, over all nodes. */
export function subscriptionsOf({ route, linkOf, elapsed, onInterruption }: SubscriptionsOptions): Subscriptions {
  const byTag = new Map<Tag, Subscribed>()

  const liveLinkOf = (tag: Tag) => {
    const link = linkOf(route.addressOf(tag))
    return link?.live ? link : undefined
  }

  function add(topics: readonly Topic[]): Map<Tag, Topic[]> {
    const added = divide(topics)
    for (const [tag, same] of added) {
      const subscribed = byTag.get(tag) ?? { topics: new Set(), link: null, deafSince: null, placing: false }
      byTag.set(tag, subscribed)
      for (const topic of same) subscribed.topics.add(topic)
    }
    return added
  }

  function remove(topics: readonly Topic[]): void {
    for (const topic of topics) {
      const subscribed = byTag.get(tagOf(topic))
      subscribed?.topics.delete(topic)
      if (subscribed?.topics.size === 0) byTag.delete(tagOf(topic))
    }
  }

  /** Subscribes new topics of a tag at the link that holds the others. */
  async function subscribeTag(tag: Tag, topics: readonly Topic[]): Promise<boolean> {
    const subscribed = byTag.get(tag)
    const link = liveLinkOf(tag)
    if (subscribed === undefined || link === undefined) return false
    if (subscribed.link !== null && subscribed.link !== link) return false
    if (subscribed.link === null && subscribed.deafSince !== null) return false

    const first = subscribed.link === null
    subscribed.link = link
    try {
      await subscribeAll(link, [...(first ? [gapChannel(tag)] : []), ...topics.map(channelOf)])
      return true
    } catch {
      void route.refresh()
      if (subscribed.link === link) subscribed.link = null
      subscribed.deafSince ??= link.heardAt
      return false
    }
  }

  /** Moves all topics of a tag to the node that owns it now, and proves that it delivers. Answers since when messages may
   *  be lost, or null. */
  async function placeTag(tag: Tag, subscribed: Subscribed): Promise<number | null> {
    const link = liveLinkOf(tag)
    if (link === undefined || subscribed.link === link || subscribed.placing) return null
    const before = subscribed.link
    if (before !== null) subscribed.deafSince ??= Math.min(before.heardAt, elapsed() - STALE_MS)
    subscribed.placing = true
    try {
      subscribed.link = link
      await subscribeAll(link, [gapChannel(tag), ...[...subscribed.topics].map(channelOf)])
      if (!(await link.prove()) || subscribed.link !== link) return null
      const { deafSince } = subscribed
      subscribed.deafSince = null
      return deafSince
    } catch {
      if (subscribed.link === link) subscribed.link = null
      subscribed.deafSince ??= link.heardAt
      return null
    } finally {
      subscribed.placing = false
    }
  }

  async function place(): Promise<void> {
    const placed = [...byTag]
    const since = await Promise.all(placed.map(([tag, subscribed]) => placeTag(tag, subscribed)))
    const deaf = placed.filter((_, n) => since[n] !== null)
    const topics = deaf.flatMap(([tag]) => [...(byTag.get(tag)?.topics ?? [])])
    if (topics.length > 0) onInterruption(topics, elapsed() - Math.min(...since.map(each => each ?? elapsed())))
  }

  return {
    async subscribe(topics) {
      const added = add(topics)
      const confirmed = await Promise.all([...added].map(([tag, same]) => subscribeTag(tag, same)))
      if (!confirmed.includes(false)) return true
      remove(topics)
      await leaveAll(topics)
      return false
    },
    async unsubscribe(topics) {
      remove(topics)
      await leaveAll(topics)
    },
    heard(channel) {
      const topic = topicOf(channel)
      if (topic === null) return { gap: gapTagOf(channel) }
      return byTag.get(tagOf(topic))?.topics.has(topic) ? { topic, gap: null } : null
    },
    interrupt(tag, deafMs) {
      const topics = [...(byTag.get(tag)?.topics ?? [])]
      if (topics.length > 0) onInterruption(topics, Number.isFinite(deafMs) ? deafMs : null)
    },
    lost(link, heardAt) {
      for (const subscribed of byTag.values()) {
        if (subscribed.link !== link) continue
        subscribed.link = null
        subscribed.deafSince = Math.min(heardAt, subscribed.deafSince ?? heardAt)
      }
    },
    place
  }

  /** Ends subscriptions where a link holds them. A link that is gone holds none. */
  async function leaveAll(topics: readonly Topic[]): Promise<void> {
    const left = [...divide(topics)].map(async ([tag, same]) => {
      const link = liveLinkOf(tag)
      const channels = [...(byTag.has(tag) ? [] : [gapChannel(tag)]), ...same.map(channelOf)]
      for (const chunk of chunks(channels)) await link?.subscriber.unsubscribe(chunk).catch(() => {})
    })
    await Promise.all(left)
  }
}

function divide(topics: readonly Topic[]): Map<Tag, Topic[]> {
  const divided = new Map<Tag, Topic[]>()
  for (const topic of topics) {
    const same = divided.get(tagOf(topic))
    if (same === undefined) divided.set(tagOf(topic), [topic])
    else same.push(topic)
  }
  return divided
}

async function subscribeAll(link: Link, channels: readonly string[]): Promise<void> {
  await Promise.all(chunks(channels).map(chunk => link.subscriber.subscribe(chunk)))
}

function chunks(channels: readonly string[]): string[][] {
  const count = Math.ceil(channels.length / CHANNELS_MAX)
  return Array.from({ length: count }, (_, n) => channels.slice(n * CHANNELS_MAX, (n + 1) * CHANNELS_MAX))
}
