import type { PersonalFacts, Seq, UserId } from '@rendezvous/contract'

/** One value of a personal stream. */
export interface PersonalChange {
  readonly userId: UserId
  readonly seq: Seq
  readonly at: Date
  readonly facts: PersonalFacts
}

/** The events that a write appended to personal streams, and the outbox rows of their announcement. Both may be
 *  empty. */
export interface AppendedEvents {
  readonly events: readonly PersonalChange[]
  readonly outboxIds: readonly number[]
}

/** Events that follow one value of a personal stream. */
export interface PersonalStretch {
  /** Ascending. Each value above `floor` has exactly one event. */
  readonly events: readonly PersonalChange[]
  /** The stream's last value; 0 when the stream is empty. */
  readonly head: Seq
  /** Values up to this one are deleted. Events cannot bring a client below it up to date. */
  readonly floor: Seq
}

/** Consecutive values of one personal stream, both ends included. */
export interface PersonalRange {
  readonly userId: UserId
  readonly fromSeq: Seq
  readonly toSeq: Seq
}

/** Personal streams in the database. */
export interface PersonalStreams {
  /** The events of several ranges, ascending within each user. Deleted values are absent; later values show the gap. */
  read(ranges: readonly PersonalRange[]): Promise<PersonalChange[]>
}
