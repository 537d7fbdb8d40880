import type { Bus, Clock, Delivery, Presence } from '@rendezvous/cluster'
import { userTopic } from '@rendezvous/cluster'
import { closeCodes, conversationStream, type UserId } from '@rendezvous/contract'
import type { Change } from '../ports/changes.ts'
import type { Outbox, Publish } from '../ports/outbox.ts'
import type { Told } from '../ports/personal.ts'
import type { Advanced } from '../ports/receipts.ts'
import type { Visibility, Watchers } from '../ports/visibility.ts'
import {
  changeDeliveries,
  personalDeliveries,
  presenceDeliveries,
  receiptDeliveries,
  snapshotDelivery
} from './envelopes.ts'
import type { SessionsEnded } from './gate.ts'

/** Told of what went wrong while announcing. Nothing is lost by it that the outbox does not repeat. */
export type Warn = (error: unknown, what: string) => void

/** Where news goes, and who is told when it could not. */
export interface AnnouncerOptions {
  readonly bus: Pick<Bus, 'publish'>
  readonly outbox: Pick<Outbox, 'done'>
  readonly presence: Pick<Presence, 'online'>
  readonly visibility: Pick<Visibility, 'among'>
  readonly clock: Clock
  readonly warn: Warn
}

/** Somebody came online or went offline. */
export interface Appearance {
  readonly userId: UserId
  readonly online: boolean
  readonly lastSeen: Date | null
}

/** Tells what was committed. Only `publish` answers; the others neither delay nor fail who calls them. */
export type Announcer = ReturnType<typeof announcer>

/** Outbox rows are forgotten together, after this time at the latest. */
const FORGET_MS = 100
/** Rows that are forgotten in one go, and that may wait for it. More are left for the sweep. */
const FORGET_ROWS = 1_000

/** Tells over `bus`, and settles with the outbox what it told. */
export function announcer({ bus, outbox, presence, visibility, clock, warn }: AnnouncerOptions) {
  const underWay = new Set<Promise<void>>()
  const forgetter = forgetting(outbox, warn, track)

  function track(work: Promise<void>): void {
    const settled = work.finally(() => underWay.delete(settled))
    underWay.add(settled)
  }

  function send(deliveries: readonly Delivery[], what: string): void {
    if (deliveries.length === 0) return
    track(bus.publish(deliveries).catch(error => warn(error, what)))
  }

  /** Tells everybody concerned. In the order given within a conversation, and within what concerns one person. */
  const publish: Publish = async (changes, personal) => {
    await bus.publish([...changeDeliveries(changes), ...personalDeliveries(personal)])
    for (const change of changes) if (change.type === 'conversation_created') track(introduce(change))
  }

  function settleWith(outboxIds: readonly number[], published: Promise<void>, what: string): void {
    track(
      published.then(
        () => forgetter.add(outboxIds),
        error => warn(error, what)
      )
    )
  }

  /** Two people who just met are told whether the other is online, unless one of them hides: neither was a contact when he came. */
  async function introduce({ memberIds, conversationId, seq }: Change): Promise<void> {
    const [one, other] = memberIds ?? []
    if (one === undefined || other === undefined) return
    try {
      const at = new Date(clock())
      const after = { stream: conversationStream(conversationId), seq }
      const online = await presence.online([one, other])
      const audiences = await visibility.among(online, [one, other])
      const news = online.flatMap((userId, index) => {
        const watchers = audiences[index]
        return watchers === undefined
          ? []
          : presenceDeliveries({ userId, online: true, lastSeen: at }, watchers, at, after)
      })
      send(news, 'presence')
    } catch (error) {
      warn(error, 'presence')
    }
  }

  return {
    /** Publishes without the outbox, for who owns the rows himself. @throws ClusterError when the bus did not take all. */
    publish,

    /** Publishes `changes`, then forgets the outbox rows they were owed under. When the bus fails the rows stay, for the sweep. */
    announce(changes: readonly Change[], outboxIds: readonly number[]): void {
      if (changes.length > 0) settleWith(outboxIds, publish(changes, []), 'changes')
    },

    /** The same for what was told on personal streams. */
    personal({ events, outboxIds }: Told): void {
      if (events.length > 0) settleWith(outboxIds, publish([], events), 'personal')
    },

    /** Tells how far messages got. Lost when the bus fails: sync has it. */
    receipts(moves: readonly Advanced[]): void {
      const at = new Date(clock())
      send(
        moves.flatMap(move => receiptDeliveries(move, at)),
        'receipts'
      )
    },

    /** Sends what is lost when the bus fails, and stored nowhere. */
    courtesy: send,

    /** Tells `watchers`, each as much as he may see. */
    presence(appearance: Appearance, watchers: Watchers): void {
      send(presenceDeliveries(appearance, watchers, new Date(clock())), 'presence')
    },

    /** Tells a person's own devices whom they see online now. */
    snapshot(userId: UserId, online: readonly UserId[]): void {
      send([snapshotDelivery(userId, online, new Date(clock()))], 'presence')
    },

    /** Closes the sockets of sessions that ended. */
    sessionsEnded({ userId, sessionIds, spare }: SessionsEnded): void {
      const header = {
        kind: 'control' as const,
        end_sessions: sessionIds === 'all' ? ('all' as const) : [...sessionIds],
        user_id: userId,
        code: closeCodes.sessionEnded.code,
        ...(spare === undefined ? {} : { spare })
      }
      send([{ topics: [userTopic(userId)], envelope: { header, frames: [] } }], 'ended sessions')
    },

    /** Resolves when nothing that was announced before is under way, rows to forget included. */
    async settle(): Promise<void> {
      while (underWay.size > 0 || forgetter.waiting()) {
        forgetter.flush()
        await Promise.all(underWay)
      }
    }
  }
}

/** Gathers rows for a moment, since each batch of sends owes one. */
function forgetting(outbox: Pick<Outbox, 'done'>, warn: Warn, track: (work: Promise<void>) => void) {
  let rows: number[] = []
  let timer: NodeJS.Timeout | null = null

  function flush(): void {
    if (timer !== null) clearTimeout(timer)
    timer = null
    if (rows.length === 0) return
    const ids = rows
    rows = []
    track(outbox.done(ids).catch(error => warn(error, 'outbox')))
  }

  return {
    flush,
    waiting: () => rows.length > 0,
    add(ids: readonly number[]): void {
      rows.push(...ids)
      if (rows.length >= FORGET_ROWS) flush()
      else timer ??= setTimeout(flush, FORGET_MS)
    }
  }
}
