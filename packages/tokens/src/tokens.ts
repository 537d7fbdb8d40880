import type { Claims, UserId } from '@rendezvous/contract'

/** What a valid access token says. */
export type AccessClaims = Claims

/** What a valid refresh token says. Times in milliseconds since 1970. */
export interface RefreshClaims extends Claims {
  /** One more than that of the token it was made from, 1 for the first of a session. Absent on tokens of releases that did not count. */
  readonly generation?: number
  /** The refresh token this one was made from: its `jti`, and until when it is valid. Only where that one has no generation. */
  readonly parent?: { readonly tokenId: string; readonly expiresAt: number }
}

/** A token just signed, and what it says. */
export interface Issued<C extends Claims> {
  readonly token: string
  readonly claims: C
}

/**
 * Why a token is refused: `expired` when nothing else but its age is wrong, `wrong_type` for an access token in a refresh token's
 * place and the reverse, `invalid` for everything else.
 */
export type RefusalReason = 'expired' | 'invalid' | 'wrong_type'

/** What a token says, or why it says nothing. */
export type Verified<C extends Claims> =
  | { readonly ok: true; readonly claims: C }
  | { readonly ok: false; readonly reason: RefusalReason }

/** What is said of each refusal, in the words of SimpleJWT. */
export const refusals: Readonly<Record<RefusalReason, string>> = Object.freeze({
  expired: 'Token is expired',
  invalid: 'Token is invalid',
  wrong_type: 'Token has wrong type'
})

/** One secret, and the name (`kid`) by which tokens say that they were signed with it. */
export interface SigningKey {
  readonly id: string
  readonly secret: Buffer
}

/** With what tokens are signed, for whom, and how long they live. */
export interface TokenOptions {
  /** The first signs, all verify: a key is rotated by putting its successor in front, and removed once its last token has expired. */
  readonly keys: readonly SigningKey[]
  readonly issuer: string
  readonly audience: string
  readonly accessTtlMs: number
  readonly refreshTtlMs: number
  /** Milliseconds since 1970. */
  readonly clock: () => number
  /** A new UUID in lower case, never the same twice: becomes the `jti`. */
  readonly newId: () => string
}

/**
 * Signs and verifies access and refresh tokens: JWTs signed with HS256 and no other algorithm, with `kid` in the header and `iss`,
 * `aud`, `token_type`, `user_id` (a number), `sid`, `jti`, `iat` and `exp` in the payload. Whether the session still stands is
 * not known here. Verifying never throws, whatever the string.
 */
export interface Tokens {
  issueAccess(userId: UserId, sessionId: string): Issued<AccessClaims>
  /** `from` is the refresh token that is used to get this one; none for the first of a session. */
  issueRefresh(userId: UserId, sessionId: string, generation: number, from?: RefreshClaims): Issued<RefreshClaims>
  verifyAccess(token: string): Verified<AccessClaims>
  /** The same for a token that is not expected again soon, as a socket's: nothing of it is kept. */
  verifyAccessOnce(token: string): Verified<AccessClaims>
  verifyRefresh(token: string): Verified<RefreshClaims>
}
