import type { Topic } from '../topics.ts'
import { channelOf, gapChannel } from './bus-channels.ts'
import type { Link } from './bus-link.ts'
import { type Address, replyCodeOf } from './connection.ts'
import type { Route } from './route.ts'
import { type Tag, tagOf } from './tags.ts'

/** How long a node that lost its slots may still accept what is published to it, in milliseconds: three times the usual
 *  `cluster-node-timeout` of 15 s. */
export const STALE_MS = 45_000

/** The publishing half of a bus. */
export interface Publisher {
  /** Publishes to the node that owns the topic. False when it did not accept the bytes, or may not have. */
  publish(topic: Topic, bytes: Buffer): Promise<boolean>
  /** These tags have a new owner. What the former one accepted lately may have reached nobody, so the subscribers of
   *  these tags are told: they may have left it before. */
  moved(tags: readonly Tag[]): void
  /** Tells the gaps that could not be told yet. */
  tellGaps(): void
  /** Resolves when nothing is under way. */
  settle(): Promise<void>
}

/** What a publisher needs of its bus. */
export interface PublisherOptions {
  readonly route: Route
  readonly linkOf: (address: Address | null) => Link | undefined
  readonly elapsed: () => number
}

/** The publisher of one bus. It repeats nothing: commands of a connection keep their order, and a repeated one would
 *  come after its successors. What was not accepted stays in the outbox. */
export function publisherOf({ route, linkOf, elapsed }: PublisherOptions): Publisher {
  const acceptedAt = new Map<Tag, number>()
  /** Since when messages of a tag may be lost. */
  const gaps = new Map<Tag, number>()
  const underWay = new Set<Promise<unknown>>()

  function track<T>(sent: Promise<T>): Promise<T> {
    underWay.add(sent)
    const end = () => underWay.delete(sent)
    sent.then(end, end)
    return sent
  }

  function tellGaps(): void {
    for (const [tag, since] of gaps) void tell(tag, since)
  }

  async function tell(tag: Tag, since: number): Promise<void> {
    const link = linkOf(route.addressOf(tag))
    if (link === undefined) return
    try {
      await link.publisher.send('SPUBLISH', [gapChannel(tag), Math.ceil(elapsed() - since)])
      if (gaps.get(tag) === since) gaps.delete(tag)
    } catch {
      // told at the next tick
    }
  }

  return {
    async publish(topic, bytes) {
      const tag = tagOf(topic)
      const link = linkOf(route.addressOf(tag))
      if (link === undefined) return false
      try {
        await track(link.publisher.send('SPUBLISH', [channelOf(topic), bytes]))
        acceptedAt.set(tag, elapsed())
        return true
      } catch (error) {
        if (replyCodeOf(error) === 'MOVED') void route.refresh()
        return false
      }
    },
    moved(tags) {
      for (const tag of tags) {
        const since = elapsed() - STALE_MS
        if ((acceptedAt.get(tag) ?? Number.NEGATIVE_INFINITY) < since) continue
        gaps.set(tag, Math.min(since, gaps.get(tag) ?? since))
      }
      tellGaps()
    },
    tellGaps,
    async settle() {
      await Promise.allSettled(underWay)
    }
  }
}
