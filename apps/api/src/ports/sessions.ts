import type { EndReason, UserId } from '@rendezvous/contract'
import type { Told } from './personal.ts'

/** A log-in to record. */
export interface NewSession {
  /** A uuid. */
  readonly id: string
  readonly userId: UserId
  /** The hash that the given password was checked against. */
  readonly passwordHash: string
  /** '' when unknown; longer ones are cut at 512 characters. */
  readonly userAgent: string
  readonly ip: string
}

/** A refresh token that somebody shows, by its claims. */
export interface RefreshUse {
  readonly sessionId: string
  readonly userId: UserId
  readonly tokenId: string
  /** Absent when a release made it that did not count them. */
  readonly generation?: number
  /** The refresh token it was made from, where that one has no generation. */
  readonly parent?: { readonly tokenId: string; readonly expiresAt: number }
}

/** Some of a person's sessions: those named, as far as they are his, or all but one. */
export type Which = { readonly ids: readonly string[] } | { readonly allBut: string }

/** The sessions that a call ended, and what was told of it. One that had ended before is among them only when it had spared a token. */
export interface Ended {
  readonly sessionIds: readonly string[]
  readonly told: Told
}

/** What became of it: `ok`, with the generation of its successor; `ended` when the session had ended before, `reused` when this very use ended it. */
export type RefreshOutcome =
  | { readonly status: 'ok'; readonly next: number }
  | { readonly status: 'ended' }
  | { readonly status: 'reused'; readonly ended: Ended }

/** A session that stands. */
export interface StandingSession {
  readonly id: string
  readonly createdAt: Date
  /** When it began, or a refresh token of it was last used. */
  readonly lastUsedAt: Date
  readonly userAgent: string
  readonly ip: string
}

/** Where a list of sessions goes on: below this one. */
export type SessionCursor = Pick<StandingSession, 'lastUsedAt' | 'id'>

/** A change of password: the new one takes the place of the one whose hash is `currentHash`. */
export interface PasswordChange {
  readonly userId: UserId
  readonly currentHash: string
  readonly newHash: string
  /** The session that makes the change, and its access token, which lives on until it expires. */
  readonly spare: { readonly sessionId: string; readonly tokenId: string }
  /** The session that begins with the new password. */
  readonly next: Omit<NewSession, 'userId' | 'passwordHash'>
}

/** Whether a session may be used. */
export interface SessionState {
  readonly userId: UserId
  /** True when it was ended, or its person is inactive or deleted. */
  readonly ended: boolean
  /** The one access token that outlives the end. Null when none does, as always when the person is inactive or deleted. */
  readonly sparedTokenId: string | null
}

/** How long tokens live, and how much is forgotten at once. */
export interface PurgeBounds {
  readonly refreshTtlMs: number
  readonly limit: number
}

/** The generation of the first refresh token of a session. */
export const FIRST_GENERATION = 1

/** Log-ins and their refresh tokens. Each method is atomic; that a session began or ended is told on its person's stream with it. */
export interface Sessions {
  /** Null, and nothing is stored, when the person is gone or inactive or his password has changed since it was checked. */
  create(session: NewSession): Promise<Told | null>
  /**
   * Takes note of a refresh token in use. The one used last may be used again, and so may one of a later generation, which then takes its place; any
   * other has been replaced, and ends the session. One without a generation takes that place too, once. A session that is absent, another
   * person's or of one who is gone is `ended`.
   */
  use(refresh: RefreshUse): Promise<RefreshOutcome>
  /** The person's sessions that stand and whose refresh tokens live, the last used first. */
  list(
    userId: UserId,
    page: { readonly refreshTtlMs: number; readonly limit: number; readonly before?: SessionCursor }
  ): Promise<StandingSession[]>
  /** Ends sessions of the person. */
  end(userId: UserId, which: Which, reason: EndReason): Promise<Ended>
  /** Stores the new password, ends all sessions, tokens spared before included, and begins the next. Null, and nothing is stored, when `currentHash` is not the
   *  password's any more or the person is gone or inactive. */
  changePassword(change: PasswordChange): Promise<Ended | null>
  /** Each under its place; null when absent. At most 50. */
  states(sessionIds: readonly string[]): Promise<(SessionState | null)[]>
  /** Forgets retired tokens and sessions that can no longer be met, since every token of them has expired. Answers how many of
   *  both together, `limit` of each at most. */
  purge(bounds: PurgeBounds): Promise<number>
}
