import type { JWT } from '@fastify/jwt'
import { type Claims, limits, type UserId } from '@rendezvous/contract'
import { LRUCache } from 'lru-cache'
import { isPayload, type Payload } from './payload.ts'
import type { AccessClaims, Issued, RefreshClaims, RefusalReason, TokenOptions, Tokens, Verified } from './tokens.ts'

type Signers = ReadonlyMap<string, JWT>
type TokenType = Payload['token_type']
type ToClaims<C> = (payload: Payload) => C

/** Most recently used tokens whose verified payload is cached: some 10 MB. A lookup takes a tenth of a verification. */
const CACHED_TOKENS = 10_000

/** The methods of `Tokens` that sign, with the first key. */
export function issuing(signers: Signers, options: TokenOptions): Pick<Tokens, 'issueAccess' | 'issueRefresh'> {
  function sign(type: TokenType, ttlMs: number, userId: UserId, sessionId: string, extra: object): Issued<Claims> {
    const iat = Math.floor(options.clock() / 1000)
    const claims = { userId, sessionId, tokenId: options.newId(), expiresAt: (iat + Math.ceil(ttlMs / 1000)) * 1000 }
    const standard = { user_id: userId, sid: sessionId, jti: claims.tokenId, iat, exp: claims.expiresAt / 1000 }
    return { token: first(signers).sign({ token_type: type, ...standard, ...extra }), claims }
  }

  return {
    issueAccess: (userId, sessionId) => sign('access', options.accessTtlMs, userId, sessionId, {}),
    issueRefresh(userId, sessionId, generation, from): Issued<RefreshClaims> {
      const uncounted = from !== undefined && from.generation === undefined
      const parent = uncounted ? { tokenId: from.tokenId, expiresAt: from.expiresAt } : undefined
      const named = parent && { parent: parent.tokenId, parent_exp: parent.expiresAt / 1000 }
      const { token, claims } = sign('refresh', options.refreshTtlMs, userId, sessionId, { gen: generation, ...named })
      return { token, claims: { ...claims, generation, ...(parent && { parent }) } }
    }
  }
}

function first(signers: Signers): JWT {
  for (const signer of signers.values()) return signer
  throw new RangeError('tokens need at least one signing key')
}

/** The methods of `Tokens` that verify, each with the key that the token names. */
export function verifying(signers: Signers, options: TokenOptions): Omit<Tokens, 'issueAccess' | 'issueRefresh'> {
  const cache = new LRUCache<string, Payload>({ max: CACHED_TOKENS })

  /** Refused tokens are not cached: they would evict valid ones. */
  function payloadOf(token: string): Payload | null {
    const known = cache.get(token)
    if (known !== undefined) return known
    const payload = read(signers, token)
    if (payload !== null) cache.set(token, payload)
    return payload
  }

  function verify<C extends Claims>(payload: Payload | null, type: TokenType, toClaims: ToClaims<C>): Verified<C> {
    if (payload === null) return refused('invalid')
    const now = options.clock() / 1000
    if (payload.nbf !== undefined && payload.nbf > now) return refused('invalid')
    if (payload.token_type !== type) return refused('wrong_type')
    if (payload.exp <= now) return refused('expired')
    return { ok: true, claims: toClaims(payload) }
  }

  return {
    verifyAccess: token => verify(payloadOf(token), 'access', accessClaims),
    verifyAccessOnce: token => verify(read(signers, token), 'access', accessClaims),
    verifyRefresh: token => verify(payloadOf(token), 'refresh', refreshClaims)
  }
}

/** The complete payload of a token with a valid signature, issuer and audience, else null. Times and type are not
 *  checked. */
function read(signers: Signers, token: string): Payload | null {
  if (token.length > limits.tokenCharacters) return null
  const signer = signers.get(keyId(token))
  if (signer === undefined) return null
  try {
    const payload: unknown = signer.verify(token)
    return isPayload(payload) ? payload : null
  } catch (error) {
    if (isTokenError(error)) return null
    throw error
  }
}

/** The `kid` of the token's header; '' when there is none or the header is malformed. */
function keyId(token: string): string {
  try {
    const header: unknown = JSON.parse(Buffer.from(token.slice(0, token.indexOf('.')), 'base64url').toString())
    const named = header !== null && typeof header === 'object' && 'kid' in header
    return named && typeof header.kid === 'string' ? header.kid : ''
  } catch {
    return ''
  }
}

/** Whether fast-jwt, which @fastify/jwt uses, threw `error` to refuse a token. */
function isTokenError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('FAST_JWT_')
}

function accessClaims(payload: Payload): AccessClaims {
  return { userId: payload.user_id, sessionId: payload.sid, tokenId: payload.jti, expiresAt: payload.exp * 1000 }
}

function refreshClaims(payload: Payload): RefreshClaims {
  const { gen: generation, parent, parent_exp: parentExp } = payload
  const named = parent !== undefined && parentExp !== undefined
  return {
    ...accessClaims(payload),
    ...(generation !== undefined && { generation }),
    ...(named && { parent: { tokenId: parent, expiresAt: parentExp * 1000 } })
  }
}

function refused(reason: RefusalReason): { ok: false; reason: RefusalReason } {
  return { ok: false, reason }
}
