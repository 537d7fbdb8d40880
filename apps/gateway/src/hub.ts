import {
  type Bus,
  type BusListener,
  type ControlHeader,
  type Envelope,
  roomTopic,
  type Topic
} from '@rendezvous/cluster'
import { type Frame, framesOf, isOfRoom, type RoomFrame } from './outgoing.ts'
import { sequencer } from './sequencer.ts'
import type { Timers } from './timers.ts'

/** What was published to a topic may have been lost. */
export interface Loss {
  readonly topic: Topic
  /** What was published longer ago than so many milliseconds was not; null when that is not known. */
  readonly deafMs: number | null
  /** The last value of `stream` that came on the topic before; null when that is not known (any more). */
  heard(stream: string): number | null
}

/** Who follows topics: a socket, or the rooms of this node. None of these may throw. */
export interface Member {
  /** Frames of one of its topics, in order. */
  receive(frames: readonly Frame[]): void
  /** People came into a room or left it, told on another topic than the room's: of the room's stream only such changes come there, so they
   *  do not wait for one another, and the same one may come on the room's topic before or after. */
  moved(frame: RoomFrame): void
  /** Something another node wants done to sockets of this topic. */
  control(header: ControlHeader): void
  /** What was published to some of its topics may have been lost. */
  interrupted(losses: readonly Loss[]): void
}

/** Topics and who of this node follows them; nothing else is known here. */
export interface Hub {
  /** Resolves once all `topics` are confirmed: what is published from then on reaches `member`, what was published before it may. Ends
   *  with `leave` of the same topics, also when it rejected.
   *  @throws ClusterError `unreachable` when they could not be subscribed. */
  join(member: Member, topics: readonly Topic[]): Promise<void>
  /** `member` gets nothing of `topics` any more. A topic it never joined is ignored. */
  leave(member: Member, topics: readonly Topic[]): void
  /** Ends all subscriptions, and closes the bus. */
  close(): Promise<void>
}

interface Subscription {
  /** New for each life of the subscription and after each interruption: the order of its streams starts anew. */
  epoch: number
  /** Replaced with each change, so that who goes through it is not disturbed. Mostly it is one, for whom a Set would be 200 bytes; `concat`
   *  leaves no room for others, as `push` and a spread do. */
  members: readonly Member[]
  confirmed: Promise<void>
}

/** The hub on the bus that `openBus` opens for it. `log` hears what went wrong and was survived. */
export function openHub(options: {
  readonly openBus: (listener: BusListener) => Bus
  readonly timers: Timers
  readonly log: (error: unknown, what: string) => void
}): Hub {
  const subscriptions = new Map<Topic, Subscription>()
  const order = sequencer<Subscription, Frame>({ timers: options.timers, release: deliver })
  const bus = options.openBus({ onMessage, onInterruption })
  let lastEpoch = 0

  const newEpoch = () => {
    lastEpoch += 1
    return lastEpoch
  }

  function onMessage(topic: Topic, { header, frames }: Envelope): void {
    const subscription = subscriptions.get(topic)
    if (subscription === undefined) return

    if (header.kind === 'control') for (const member of subscription.members) member.control(header)
    else if (header.kind === 'courtesy') order.courtesy(subscription, header.after, framesOf(header, frames))
    else if (
      header.members_seq !== undefined &&
      header.conversation !== undefined &&
      topic !== roomTopic(header.conversation)
    )
      tellMoved(subscription, framesOf(header, frames))
    else order.events(subscription, header.stream, header.from, framesOf(header, frames))
  }

  function onInterruption(topics: readonly Topic[] | 'all', deafMs: number | null): void {
    const affected = new Map<Member, Loss[]>()
    for (const topic of topics === 'all' ? [...subscriptions.keys()] : topics) {
      const subscription = subscriptions.get(topic)
      if (subscription === undefined) continue
      order.flush(subscription)
      const { epoch } = subscription
      const loss: Loss = { topic, deafMs, heard: stream => order.last(epoch, stream) }
      subscription.epoch = newEpoch()
      for (const member of subscription.members) {
        const others = affected.get(member)
        if (others === undefined) affected.set(member, [loss])
        else others.push(loss)
      }
    }
    for (const [member, losses] of affected) member.interrupted(losses)
  }

  /** One call for all topics that have no subscription yet; the others are awaited. */
  function subscribe(member: Member, topics: readonly Topic[]): Set<Promise<void>> {
    const fresh = topics.filter(topic => !subscriptions.has(topic))
    const confirmed = fresh.length > 0 ? bus.subscribe(fresh) : Promise.resolve()
    for (const topic of fresh) subscriptions.set(topic, { epoch: newEpoch(), members: [], confirmed })

    const awaited = new Set<Promise<void>>()
    for (const topic of topics) {
      const subscription = subscriptions.get(topic)
      if (subscription === undefined) continue
      if (!subscription.members.includes(member)) subscription.members = subscription.members.concat(member)
      awaited.add(subscription.confirmed)
    }
    return awaited
  }

  /** What could not be subscribed is asked for again by whoever joins next. */
  function forgetRefused(topics: readonly Topic[], refused: ReadonlySet<Promise<void>>): void {
    for (const topic of topics) {
      const subscription = subscriptions.get(topic)
      if (subscription !== undefined && refused.has(subscription.confirmed)) subscriptions.delete(topic)
    }
  }

  return {
    async join(member, topics) {
      const awaited = [...subscribe(member, topics)]
      const results = await Promise.allSettled(awaited)
      const refused = awaited.filter((_, index) => results[index]?.status === 'rejected')
      if (refused.length === 0) return
      forgetRefused(topics, new Set(refused))
      await Promise.all(refused)
    },
    leave(member, topics) {
      const empty = topics.filter(topic => {
        const subscription = subscriptions.get(topic)
        if (subscription === undefined || !subscription.members.includes(member)) return false
        subscription.members = subscription.members.filter(other => other !== member)
        return subscription.members.length === 0
      })
      if (empty.length === 0) return
      for (const topic of empty) subscriptions.delete(topic)
      bus.unsubscribe(empty).catch(error => options.log(error, 'topics could not be unsubscribed'))
    },
    async close() {
      order.close()
      subscriptions.clear()
      await bus.close()
    }
  }
}

function deliver({ members }: Subscription, frames: readonly Frame[]): void {
  for (const member of members) member.receive(frames)
}

function tellMoved({ members }: Subscription, frames: readonly Frame[]): void {
  for (const frame of frames.filter(isOfRoom)) for (const member of members) member.moved(frame)
}
