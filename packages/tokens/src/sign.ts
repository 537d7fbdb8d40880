import type { JWT } from '@fastify/jwt'
import { type Claims, limits, type UserId } from '@rendezvous/contract'
import { LRUCache } from 'lru-cache'
import { isPayload, type Payload } from './payload.ts'
import type { AccessClaims, Issued, RefreshClaims, RefusalReason, TokenOptions, Tokens, Verified } from './tokens.ts'

type Signers = ReadonlyMap<string, JWT>
type TokenType = Payload['token_type']
type ToClaims<C> = (payload: Payload) => C

/** Tokens of which it is remembered that a key of ours signed them, the last used of them: some 10 MB. To look one up takes a tenth of verifying it. */
const REMEMBERED = 10_000

/** The half of `Tokens` that signs, with the first key. */
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
  throw new RangeError('there is no key to sign tokens with')
}

/** The half of `Tokens` that verifies, with the key that the token names. */
export function verifying(signers: Signers, options: TokenOptions): Omit<Tokens, 'issueAccess' | 'issueRefresh'> {
  const remembered = new LRUCache<string, Payload>({ max: REMEMBERED })

  /** What is refused is not remembered: it would push out what is not. */
  function payloadOf(token: string): Payload | null {
    const known = remembered.get(token)
    if (known !== undefined) return known
    const payload = read(signers, token)
    if (payload !== null) remembered.set(token, payload)
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

/** The payload of a token that one of the keys signed, complete and for us; its times and its type are not looked at. */
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

/** The `kid` of the token's header; '' when it has none that can be read. */
function keyId(token: string): string {
  try {
    const header: unknown = JSON.parse(Buffer.from(token.slice(0, token.indexOf('.')), 'base64url').toString())
    const named = header !== null && typeof header === 'object' && 'kid' in header
    return named && typeof header.kid === 'string' ? header.kid : ''
  } catch {
    return ''
  }
}

/** What fast-jwt, under @fastify/jwt, throws for a token that it refuses. */
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
