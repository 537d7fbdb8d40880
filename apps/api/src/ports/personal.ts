import type { PersonalFacts, Seq, UserId } from '@rendezvous/contract'

/** One value of a person's own stream. */
export interface PersonalChange {
  readonly userId: UserId
  readonly seq: Seq
  readonly at: Date
  readonly facts: PersonalFacts
}

/** What a write told on personal streams, and the outbox rows that owe its announcement; both empty when it told nothing. */
export interface Told {
  readonly events: readonly PersonalChange[]
  readonly outboxIds: readonly number[]
}

/** A stretch of a person's own stream. */
export interface PersonalStretch {
  /** Ascending. Each value above `floor` has exactly one. */
  readonly events: readonly PersonalChange[]
  /** The stream's last value; 0 when nothing was ever told. */
  readonly head: Seq
  /** Values up to here are kept no more: who stands below it cannot be brought up to date by events. */
  readonly floor: Seq
}
