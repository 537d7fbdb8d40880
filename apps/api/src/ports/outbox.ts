import type { Change } from './changes.ts'
import type { PersonalChange } from './personal.ts'

/** Announces changes of conversations, and what concerns single people. Resolves once the bus took all of it. */
export type Publish = (changes: readonly Change[], personal: readonly PersonalChange[]) => Promise<void>

/** What was committed and may not have been announced. Each write leaves a row in its own transaction. */
export interface Outbox {
  /** Forgets rows, after what they stand for was announced. Unknown ids are ignored. */
  done(ids: readonly number[]): Promise<void>
  /**
   * Takes up to `limit` rows older than `olderThanMs` that no other node is sweeping, oldest first, gives `publish` their changes,
   * read back from state, and forgets the rows once it resolved; keeps them when it rejects, and rejects with its error. Changes come
   * ascending within a conversation and a person's stream; they may have been announced before. `publish` must not use the database,
   * which waits for it, and should settle within seconds. Answers how many rows it forgot.
   */
  sweep(olderThanMs: number, limit: number, publish: Publish): Promise<number>
}
