import type { Claims, UserId } from '@rendezvous/contract'

/** The claims of a valid access token. */
export type AccessClaims = Claims

/** The claims of a valid refresh token. Times are in milliseconds since 1970. */
export interface RefreshClaims extends Claims {
  /** 1 for the first token of a session, else one more than that of the token it replaced. Older releases left it
   *  out. */
  readonly generation?: number
  /** The refresh token that this one replaced: its `jti` and expiry. Only present if that token has no generation. */
  readonly parent?: { readonly tokenId: string; readonly expiresAt: number }
}

/** A new token and its claims. */
export interface Issued<C extends Claims> {
  readonly token: string
  readonly claims: C
}

/**
 * Why a token is refused: `expired` when only its age is wrong, `wrong_type` for an access token in place of a refresh
 * token or the reverse, `invalid` otherwise.
 */
export type RefusalReason = 'expired' | 'invalid' | 'wrong_type'

/** The claims of a token, or why it is refused. */
export type Verified<C extends Claims> =
  | { readonly ok: true; readonly claims: C }
  | { readonly ok: false; readonly reason: RefusalReason }

/** The text of each refusal, in the words of SimpleJWT. */
export const refusals: Readonly<Record<RefusalReason, string>> = Object.freeze({
  expired: 'Token is expired',
  invalid: 'Token is invalid',
  wrong_type: 'Token has wrong type'
})

/** A secret, and the id by which the `kid` of a token names it. */
export interface SigningKey {
  readonly id: string
  readonly secret: Buffer
}

/** The keys, claims and lifetimes of tokens. */
export interface TokenOptions {
  /** The first key signs, all keys verify. To rotate, put the new key first, and remove the old one once its last token
   *  has expired. */
  readonly keys: readonly SigningKey[]
  readonly issuer: string
  readonly audience: string
  readonly accessTtlMs: number
  readonly refreshTtlMs: number
  /** Milliseconds since 1970. */
  readonly clock: () => number
  /** Makes the `jti` of a token: a new UUID in lower case. */
  readonly newId: () => string
}

/**
 * Signs and verifies access and refresh tokens. They are JWTs signed with HS256 only, with `kid` in the header and
 * `iss`, `aud`, `token_type`, `user_id` (a number), `sid`, `jti`, `iat` and `exp` in the payload. Verifying does not
 * check whether the session is still active, and never throws.
 */
export interface Tokens {
  issueAccess(userId: UserId, sessionId: string): Issued<AccessClaims>
  /** `from` is the refresh token that this one replaces, undefined for the first of a session. */
  issueRefresh(userId: UserId, sessionId: string, generation: number, from?: RefreshClaims): Issued<RefreshClaims>
  verifyAccess(token: string): Verified<AccessClaims>
  /** Like `verifyAccess`, but does not cache: for a token that is used once, such as a socket's. */
  verifyAccessOnce(token: string): Verified<AccessClaims>
  verifyRefresh(token: string): Verified<RefreshClaims>
}
