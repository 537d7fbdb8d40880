import type { Delivery } from '@rendezvous/cluster'
import type { Seq } from '@rendezvous/contract'

/** Consecutive values of one stream, both ends included. `stream` is a conversation's id, or the negated id of a
 *  user. */
export interface StreamRange {
  readonly stream: number
  readonly fromSeq: Seq
  readonly toSeq: Seq
}

/** A row of the outbox: the changes of one committed transaction that are not yet confirmed as announced. */
export interface OwedRow {
  readonly id: number
  readonly ranges: readonly StreamRange[]
}

/** Bounds of a claim: the oldest `limit` rows older than `olderThanMs`, with a lease of `leaseMs`. */
export interface ClaimBounds {
  readonly olderThanMs: number
  readonly leaseMs: number
  readonly limit: number
}

/** The ages above which rows are too old: of conversations, and of users. */
export interface ExpiryBounds {
  readonly maxAgeMs: number
  readonly userMaxAgeMs: number
  readonly limit: number
}

/** Outstanding announcements. Each write stores a row in its own transaction. */
export interface Outbox {
  /** Removes rows whose changes were announced. Unknown ids are ignored. */
  done(ids: readonly number[]): Promise<void>
  /** Claims rows, oldest first. No other call gets a claimed row until its lease ends, on the database's clock.
   *  A caller that dies delays its rows by `leaseMs` and loses none. */
  claim(bounds: ClaimBounds): Promise<OwedRow[]>
  /** Ends the lease of rows that could not be announced. The next claim takes them at once. Unknown ids are ignored. */
  release(ids: readonly number[]): Promise<void>
  /** Deletes rows that are too old, among the oldest `limit` rows, and returns how many. Clients learn of those
   *  changes by sync alone. */
  expire(bounds: ExpiryBounds): Promise<number>
}

/** Announcements that were rebuilt from stored state. */
export interface Rebuilt {
  readonly deliveries: readonly Delivery[]
  /** Called once the bus took the deliveries. Starts what follows from them, neither waits nor throws. */
  readonly published?: () => void
}

/** Rebuilds announcements from stored state, for the streams of one domain. */
export interface StreamSource {
  /** Whether this source has the stream. */
  covers(stream: number): boolean
  /** Deliveries that announce every value of `ranges`, ascending within each stream. Clients may have some of them
   *  already. */
  rebuild(ranges: readonly StreamRange[]): Promise<Rebuilt>
}
