import type { Bus, Clock, Delivery, Presence } from '@rendezvous/cluster'
import { userTopic } from '@rendezvous/cluster'
import { closeCodes, conversationStream, type UserId } from '@rendezvous/contract'
import type { Change } from '../ports/changes.ts'
import type { Outbox } from '../ports/outbox.ts'
import type { Advanced } from '../ports/receipts.ts'
import { changeDeliveries, presenceDelivery, receiptDeliveries } from './envelopes.ts'
import type { SessionsEnded } from './gate.ts'

/** Told of what went wrong while announcing. Nothing is lost by it that the outbox does not repeat. */
export type Warn = (error: unknown, what: string) => void

/** Where news goes, and who is told when it could not. */
export interface AnnouncerOptions {
  readonly bus: Pick<Bus, 'publish'>
  readonly outbox: Pick<Outbox, 'done'>
  readonly presence: Pick<Presence, 'online'>
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
const FORGET_MS = 20
/** Rows that are forgotten in one go, and that may wait for it. More are left for the sweep. */
const FORGET_ROWS = 1_000

/** Tells over `bus`, and settles with the outbox what it told. */
export function announcer({ bus, outbox, presence, clock, warn }: AnnouncerOptions) {
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

  /** Tells everybody concerned. In the order given within a conversation. */
  async function publish(changes: readonly Change[]): Promise<void> {
    await bus.publish(changeDeliveries(changes))
    for (const change of changes) if (change.type === 'conversation_created') track(introduce(change))
  }

  /** Two people who just met are told whether the other is online: neither was a contact when he came. */
  async function introduce({ memberIds, conversationId, seq }: Change): Promise<void> {
    const [one, other] = memberIds ?? []
    if (one === undefined || other === undefined) return
    try {
      const at = new Date(clock())
      const online = await presence.online([one, other])
      const tell = (userId: UserId, audience: UserId) =>
        presenceDelivery({ userId, online: true, lastSeen: at }, [audience], at, {
          stream: conversationStream(conversationId),
          seq
        })
      const news = [
        ...(online.includes(one) ? [tell(one, other)] : []),
        ...(online.includes(other) ? [tell(other, one)] : [])
      ]
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
      if (changes.length === 0) return
      track(
        publish(changes).then(
          () => forgetter.add(outboxIds),
          error => warn(error, 'changes')
        )
      )
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

    /** Tells `audience` and the person's own devices. */
    presence(appearance: Appearance, audience: readonly UserId[]): void {
      send([presenceDelivery(appearance, [appearance.userId, ...audience], new Date(clock()))], 'presence')
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
