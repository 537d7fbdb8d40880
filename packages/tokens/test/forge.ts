import { createHmac, randomUUID } from 'node:crypto'
import { openTokens, type SigningKey, type TokenOptions, type Tokens } from '@rendezvous/tokens'
import fastify from 'fastify'

/** The time of the clock in these tests. */
export const NOW = Date.parse('2026-02-01T12:00:00Z')
export const key: SigningKey = { id: 'k1', secret: Buffer.alloc(32, 'a') }
export const otherKey: SigningKey = { id: 'k2', secret: Buffer.alloc(32, 'b') }

/** Tokens with one key at `NOW`. An access token lives one hour, a refresh token 14 days. */
export function makeTokens(overrides: Partial<TokenOptions> = {}): Promise<Tokens> {
  return openTokens(fastify(), {
    keys: [key],
    issuer: 'rendezvous',
    audience: 'chat',
    accessTtlMs: 3_600_000,
    refreshTtlMs: 14 * 86_400_000,
    clock: () => NOW,
    newId: randomUUID,
    ...overrides
  })
}

/** A JWT of `payload`, signed with `secret` by the algorithm `header.alg`; unsigned for `none`. */
export function forge(payload: unknown, header: Record<string, unknown> = {}, secret = key.secret): string {
  const full = { alg: 'HS256', typ: 'JWT', kid: 'k1', ...header }
  const input = `${encode(full)}.${encode(payload)}`
  if (full.alg === 'none') return `${input}.`
  const hash = full.alg === 'HS512' ? 'sha512' : 'sha256'
  return `${input}.${createHmac(hash, secret).update(input).digest('base64url')}`
}

/** The payload of a valid access token at `NOW`, changed by `changes`; undefined removes a claim. */
export function payload(changes: Record<string, unknown> = {}): Record<string, unknown> {
  const iat = NOW / 1000
  const good = { iss: 'rendezvous', aud: 'chat', token_type: 'access', user_id: 7, iat, exp: iat + 60 }
  return { ...good, sid: randomUUID(), jti: randomUUID(), ...changes }
}

/** The payload of `token`, without verification. */
export function peek(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
}

/** The header of `token`, without verification. */
export function peekHeader(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString())
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
