import type { Bus, Delivery } from '@rendezvous/cluster'
import type { Outbox } from './port.ts'

/** Receives errors of announcing. The sweep repeats a durable announcement; a courtesy is lost. `what` names the
 *  announcement. */
export type Warn = (error: unknown, what: string) => void

/** The ports of an announcer. `warn` receives its failures. */
export interface AnnouncerOptions {
  readonly bus: Pick<Bus, 'publish'>
  readonly outbox: Pick<Outbox, 'done'>
  readonly warn: Warn
}

/** Publishes committed changes. No call but `publish` delays or fails its caller. While 10,000 announcements are not taken
 *  by the bus, further ones are refused with a warning: the sweep announces their rows, and courtesies are lost. */
export type Announcer = ReturnType<typeof announcer>

/** Announcements that the bus has not taken yet: some seconds of what a node commits. */
const UNCONFIRMED = 10_000
/** A row of the outbox waits this long at most for its removal. */
const REMOVAL_MS = 100
/** This many waiting rows are removed at once. */
const REMOVAL_ROWS = 1_000

/** An announcer over `bus`. It removes the outbox rows of each announcement that the bus took. */
export function announcer({ bus, outbox, warn }: AnnouncerOptions) {
  const pending = new Set<Promise<void>>()
  const removal = batchedRemoval(outbox, warn, track)

  function track(work: Promise<void>): void {
    const settled = work.finally(() => pending.delete(settled))
    pending.add(settled)
  }

  function isFull(what: string): boolean {
    if (pending.size < UNCONFIRMED) return false
    warn(new Error(`the bus has not taken ${UNCONFIRMED} announcements yet: look whether it hangs`), what)
    return true
  }

  return {
    /** Publishes `deliveries` in their order, then removes their outbox rows. When the bus fails, the rows stay
     *  for the sweep. */
    announce(deliveries: readonly Delivery[], outboxIds: readonly number[], what: string): void {
      if (deliveries.length === 0 || isFull(what)) return
      track(
        bus.publish(deliveries).then(
          () => removal.add(outboxIds),
          error => warn(error, what)
        )
      )
    },

    /** Publishes deliveries that are stored nowhere. They are lost when the bus fails. */
    courtesy(deliveries: readonly Delivery[] | Promise<readonly Delivery[]>, what: string): void {
      if (Array.isArray(deliveries) && deliveries.length === 0) return
      if (isFull(what)) {
        void Promise.resolve(deliveries).catch(error => warn(error, what))
        return
      }
      const publish = async () => {
        const ready = await deliveries
        if (ready.length > 0) await bus.publish(ready)
      }
      track(publish().catch(error => warn(error, what)))
    },

    /** Publishes deliveries that are stored nowhere, for a caller that repeats them when the bus fails.
     *  @throws ClusterError when the bus did not take all of them. */
    async publish(deliveries: readonly Delivery[]): Promise<void> {
      if (deliveries.length > 0) await bus.publish(deliveries)
    },

    /** Resolves when all earlier calls have finished, the removal of rows included. */
    async settle(): Promise<void> {
      while (pending.size > 0 || removal.waiting()) {
        removal.flush()
        await Promise.all(pending)
      }
    }
  }
}

/** Removes rows in batches: each batch of sends leaves one row, so single removals would double the statements. */
function batchedRemoval(outbox: Pick<Outbox, 'done'>, warn: Warn, track: (work: Promise<void>) => void) {
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
      if (rows.length >= REMOVAL_ROWS) flush()
      else timer ??= setTimeout(flush, REMOVAL_MS)
    }
  }
}
