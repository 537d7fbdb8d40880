import type { EndReason, UserId } from '@rendezvous/contract'
import type { AppendedEvents } from '../../announce/personal/port.ts'
import type { SecurityEvent } from '../../audit/port.ts'

/** A new session. */
export interface NewSession {
  /** A uuid. */
  readonly id: string
  readonly userId: UserId
  /** The hash that matched the password. */
  readonly passwordHash: string
  /** '' when unknown. Cut at 512 characters. */
  readonly userAgent: string
  readonly ip: string
}

/** The use of a refresh token, by its claims. */
export interface RefreshUse {
  readonly sessionId: string
  readonly userId: UserId
  readonly tokenId: string
  /** Absent from tokens of releases before generations. */
  readonly generation?: number
  /** The refresh token that it was issued for, when that one has no generation. */
  readonly parent?: { readonly tokenId: string; readonly expiresAt: number }
  /** Of the request; '' by default. */
  readonly ip?: string
}

/** Sessions of one user: those among `ids`, or all except `allBut`. */
export type SessionSelection = { readonly ids: readonly string[] } | { readonly allBut: string }

/** The sessions that a call ended, the events that report it, and what was recorded of it. A session that had already ended is included
 *  only when it still had a spared token. */
export interface Ended {
  readonly sessionIds: readonly string[]
  readonly appended: AppendedEvents
  readonly audited: readonly SecurityEvent[]
}

/** The outcome of a use: `ok` with the generation of the next token, `ended` when the session had ended before,
 *  `reused` when this use ended it. */
export type RefreshOutcome =
  | { readonly status: 'ok'; readonly next: number }
  | { readonly status: 'ended' }
  | { readonly status: 'reused'; readonly ended: Ended }

/** An active session. */
export interface ActiveSession {
  readonly id: string
  readonly createdAt: Date
  /** The last use of a refresh token of the session, or its start. */
  readonly lastUsedAt: Date
  readonly userAgent: string
  readonly ip: string
}

/** A keyset cursor: the next page begins below this session. */
export type SessionCursor = Pick<ActiveSession, 'lastUsedAt' | 'id'>

/** A change of password from the hash `currentHash` to `newHash`. */
export interface PasswordChange {
  readonly userId: UserId
  readonly currentHash: string
  readonly newHash: string
  /** The session of the request and its access token, which stays valid until it expires. */
  readonly spare: { readonly sessionId: string; readonly tokenId: string }
  /** The session that starts with the new password. */
  readonly next: Omit<NewSession, 'userId' | 'passwordHash'>
}

/** The state of a session. */
export interface SessionState {
  readonly userId: UserId
  /** True when the session has ended, or its user is inactive or deleted. */
  readonly ended: boolean
  /** The one access token that outlives the session; null when there is none. Always null for an inactive or
   *  deleted user. */
  readonly sparedTokenId: string | null
}

/** The lifetime of refresh tokens, and the most rows of each kind that one call deletes. */
export interface PurgeBounds {
  readonly refreshTtlMs: number
  readonly limit: number
}

/** The generation of a session's first refresh token. */
export const FIRST_GENERATION = 1

/** Why sessions end, and the address of the request that ends them; '' when unknown. */
export interface Ending {
  readonly reason: EndReason
  readonly ip: string
}

/** Sessions and their refresh tokens. Each method is atomic. It also appends each start or end of a session to the
 *  user's personal stream, and each end, reuse and change of password to the audit, in the same transaction. */
export interface Sessions {
  /** Stores a session. Null, and nothing is stored, when the user is deleted or inactive, or their password hash
   *  has changed. */
  create(session: NewSession): Promise<AppendedEvents | null>
  /**
   * Records the use of a refresh token. The token used last may be used again. A token of a later generation replaces
   * it. Any other token has been replaced, and its use ends the session. A token without a generation can replace the
   * last one once. `ended` also covers a session that is absent or another user's, and a user who is inactive or
   * deleted.
   */
  use(refresh: RefreshUse): Promise<RefreshOutcome>
  /** The user's active sessions whose refresh tokens have not expired, the last used first. */
  list(
    userId: UserId,
    page: { readonly refreshTtlMs: number; readonly limit: number; readonly before?: SessionCursor }
  ): Promise<ActiveSession[]>
  /** Ends the selected sessions of the user. */
  end(userId: UserId, which: SessionSelection, ending: Ending): Promise<Ended>
  /** Stores the new hash, ends all sessions and earlier spared tokens, and starts the next session. Null, and
   *  nothing is stored, when the stored hash is not `currentHash`, or the user is deleted or inactive. */
  changePassword(change: PasswordChange): Promise<Ended | null>
  /** The state of each session, in the order of `sessionIds`; null when absent. At most 50. */
  states(sessionIds: readonly string[]): Promise<(SessionState | null)[]>
  /** Deletes expired retired tokens, and sessions whose tokens have all expired. At most `limit` of each. Returns
   *  how many in all. */
  purge(bounds: PurgeBounds): Promise<number>
}
