import {
  type Bus,
  type BusListener,
  type ControlHeader,
  type Envelope,
  roomTopic,
  type Topic
} from '@rendezvous/cluster'
import type { Timers } from '../timers.ts'
import { type Frame, framesOf, isOfRoom, type RoomFrame } from './frame.ts'
import { sequencer } from './sequencer.ts'

/** A topic whose messages may have been lost. */
export interface Loss {
  readonly topic: Topic
  /** Only messages published within the last `deafMs` milliseconds may be lost. Null when the time is not known. */
  readonly deafMs: number | null
  /** The last `seq` of `stream` that arrived on the topic before the interruption. Null when it is not known. */
  heard(stream: string): number | null
}

/** Receives what is published to topics: a socket, or the rooms of this node. Its methods must not throw. */
export interface Subscriber {
  /** Frames of one of its topics, in order. */
  receive(frames: readonly Frame[]): void
  /** A change of a room's members arrived on a user's topic. Such changes are not put in order, since a user's topic
   *  gets no other events of the room. The same change may arrive on the room's topic earlier or later. */
  membersChanged(frame: RoomFrame): void
  /** Another node asks for something to be done to sockets of this topic, e.g. to close them. */
  control(header: ControlHeader): void
  /** Messages of some of its topics may have been lost. */
  onInterruption(losses: readonly Loss[]): void
}

/** The topics of this node and their subscribers. */
export interface Hub {
  /** Subscribes to `topics`. Resolves once all are confirmed: messages published from then on reach `subscriber`,
   *  earlier ones may. Call `leave` with the same topics afterwards, also when this rejected.
   *  @throws ClusterError `unreachable` when they could not be subscribed. */
  join(subscriber: Subscriber, topics: readonly Topic[]): Promise<void>
  /** `subscriber` gets nothing of `topics` any more. A topic it never joined is ignored. */
  leave(subscriber: Subscriber, topics: readonly Topic[]): void
  /** Ends all subscriptions, and closes the bus. */
  close(): Promise<void>
}

interface TopicSubscription {
  /** Replaced after each interruption, so that the order of all streams starts again. Unique within the node. */
  epoch: number
  /** Replaced at each change, so that a running iteration is not disturbed. Most topics have one subscriber, for which
   *  a Set would take 200 bytes. `concat` allocates no spare capacity, as `push` and a spread do. */
  subscribers: readonly Subscriber[]
  confirmed: Promise<void>
}

/** Opens a hub on a bus of its own. `log` gets errors that the hub recovered from. */
export function openHub(options: {
  readonly openBus: (listener: BusListener) => Bus
  readonly timers: Timers
  readonly log: (error: unknown, what: string) => void
}): Hub {
  const subscriptions = new Map<Topic, TopicSubscription>()
  const order = sequencer<TopicSubscription, Frame>({ timers: options.timers, release: deliver })
  const bus = options.openBus({ onMessage, onInterruption })
  let lastEpoch = 0

  const newEpoch = () => {
    lastEpoch += 1
    return lastEpoch
  }

  function onMessage(topic: Topic, { header, frames }: Envelope): void {
    const subscription = subscriptions.get(topic)
    if (subscription === undefined) return

    if (header.kind === 'control') for (const subscriber of subscription.subscribers) subscriber.control(header)
    else if (header.kind === 'courtesy') order.courtesy(subscription, header.after, framesOf(header, frames))
    else if (
      header.members_seq !== undefined &&
      header.conversation !== undefined &&
      topic !== roomTopic(header.conversation)
    )
      tellMembersChanged(subscription, framesOf(header, frames))
    else order.events(subscription, header.stream, header.from, framesOf(header, frames))
  }

  function onInterruption(topics: readonly Topic[] | 'all', deafMs: number | null): void {
    const affected = new Map<Subscriber, Loss[]>()
    for (const topic of topics === 'all' ? [...subscriptions.keys()] : topics) {
      const subscription = subscriptions.get(topic)
      if (subscription === undefined) continue
      order.flush(subscription)
      const { epoch } = subscription
      const loss: Loss = { topic, deafMs, heard: stream => order.last(epoch, stream) }
      subscription.epoch = newEpoch()
      for (const subscriber of subscription.subscribers) {
        const earlier = affected.get(subscriber)
        if (earlier === undefined) affected.set(subscriber, [loss])
        else earlier.push(loss)
      }
    }
    for (const [subscriber, losses] of affected) subscriber.onInterruption(losses)
  }

  /** Subscribes all new topics in one call. Returns the confirmations to await, also those of known topics. */
  function subscribe(subscriber: Subscriber, topics: readonly Topic[]): Set<Promise<void>> {
    const fresh = topics.filter(topic => !subscriptions.has(topic))
    const confirmed = fresh.length > 0 ? bus.subscribe(fresh) : Promise.resolve()
    for (const topic of fresh) subscriptions.set(topic, { epoch: newEpoch(), subscribers: [], confirmed })

    const awaited = new Set<Promise<void>>()
    for (const topic of topics) {
      const subscription = subscriptions.get(topic)
      if (subscription === undefined) continue
      if (!subscription.subscribers.includes(subscriber))
        subscription.subscribers = subscription.subscribers.concat(subscriber)
      awaited.add(subscription.confirmed)
    }
    return awaited
  }

  /** Forgets topics whose subscription was refused, so that the next `join` asks again. Unsubscribes them, since a
   *  refused call may have taken effect. */
  function forgetRefused(topics: readonly Topic[], refused: ReadonlySet<Promise<void>>): void {
    const forgotten = topics.filter(topic => {
      const subscription = subscriptions.get(topic)
      return subscription !== undefined && refused.has(subscription.confirmed)
    })
    unsubscribe(forgotten)
  }

  function unsubscribe(topics: readonly Topic[]): void {
    if (topics.length === 0) return
    for (const topic of topics) subscriptions.delete(topic)
    bus.unsubscribe(topics).catch(error => options.log(error, 'topics could not be unsubscribed'))
  }

  return {
    async join(subscriber, topics) {
      const awaited = [...subscribe(subscriber, topics)]
      const results = await Promise.allSettled(awaited)
      const refused = awaited.filter((_, index) => results[index]?.status === 'rejected')
      if (refused.length === 0) return
      forgetRefused(topics, new Set(refused))
      await Promise.all(refused)
    },
    leave(subscriber, topics) {
      const empty = topics.filter(topic => {
        const subscription = subscriptions.get(topic)
        if (subscription === undefined || !subscription.subscribers.includes(subscriber)) return false
        subscription.subscribers = subscription.subscribers.filter(other => other !== subscriber)
        return subscription.subscribers.length === 0
      })
      unsubscribe(empty)
    },
    async close() {
      order.close()
      subscriptions.clear()
      await bus.close()
    }
  }
}

function deliver({ subscribers }: TopicSubscription, frames: readonly Frame[]): void {
  for (const subscriber of subscribers) subscriber.receive(frames)
}

function tellMembersChanged({ subscribers }: TopicSubscription, frames: readonly Frame[]): void {
  for (const frame of frames.filter(isOfRoom)) for (const subscriber of subscribers) subscriber.membersChanged(frame)
}
