import { createHash } from 'node:crypto'
import { limits } from '@rendezvous/contract'
import { Duration } from '@rendezvous/env'
import type { SigningKey } from '@rendezvous/tokens'
import { Type } from 'typebox'
import { RateVariables } from './rates.ts'

const Secret = (description: string) => Type.Optional(Type.String({ minLength: 32, description }))

/** The variables an api node reads. `main` of a deployment may read others beside them. */
export const ApiVariables = Type.Object({
  DATABASE_URL: Type.Optional(
    Type.String({
      pattern: '^postgres(ql)?://',
      expected: 'an address like postgresql://user:password@host:5432/name',
      description: 'PostgreSQL to use. Without it the embedded database does, where there is one.'
    })
  ),
  DATABASE_POOL_SIZE: Type.Integer({
    minimum: 1,
    maximum: 1_000,
    default: 10,
    description: 'Connections to PostgreSQL for everything but the hot statements.'
  }),
  DATABASE_HOT_POOL_SIZE: Type.Integer({
    minimum: 1,
    maximum: 1_000,
    default: 4,
    description: 'Connections to PostgreSQL for storing messages and receipts.'
  }),
  JWT_SECRET: Secret(
    'Signs access and refresh tokens. At least 32 characters, the same on all nodes. Required in production.'
  ),
  JWT_SECRET_PREVIOUS: Secret(
    'The secret before this one: tokens signed with it stay valid. Remove it once they have expired.'
  ),
  JWT_ISSUER: Type.String({ minLength: 1, default: 'rendezvous', description: '`iss` of tokens.' }),
  JWT_AUDIENCE: Type.String({ minLength: 1, default: 'rendezvous', description: '`aud` of tokens.' }),
  ACCESS_TOKEN_TTL: Duration({ minimum: 10_000, default: 3_600_000, description: 'How long an access token lives.' }),
  REFRESH_TOKEN_TTL: Duration({
    minimum: 60_000,
    default: 14 * 86_400_000,
    description: 'How long a refresh token lives.'
  }),
  CORS_ORIGINS: Type.Array(Type.String({ minLength: 1 }), {
    default: ['*'],
    description:
      'Origins whose pages may call the HTTP API. `*` for all, which is safe as far as the API goes: it reads no cookies.'
  }),
  LISTS: Type.Union([Type.Literal('array'), Type.Literal('page')], {
    default: 'array',
    description:
      'How lists are answered when a request names no paging parameter: bare arrays, or `{next, previous, results}`.'
  }),
  PRESENCE_AUDIENCE: Type.Union([Type.Literal('contacts'), Type.Literal('everyone')], {
    default: 'contacts',
    description: `Who sees whose presence: people who share a direct conversation, or everybody who is online, for deployments of ${limits.presenceEveryone} people online at most.`
  }),
  TRUST_PROXY: Type.Optional(
    Type.String({
      minLength: 1,
      description: 'Addresses or networks of proxies whose X-Forwarded-* headers are believed, comma-separated.'
    })
  ),
  HEADERS_TIMEOUT: Duration({
    minimum: 100,
    maximum: 600_000,
    default: 15_000,
    description: 'In which the headers of a request must have arrived; then 408.'
  }),
  REQUEST_TIMEOUT: Duration({
    minimum: 100,
    maximum: 3_600_000,
    default: 30_000,
    description: 'In which a request must have arrived whole; then 408.'
  }),
  ...RateVariables.properties
})

/** The keys of a secret and its predecessor, the one that signs first. A key is named by a digest of its secret, so all nodes agree. */
export function signingKeys(secret: string, previous?: string): SigningKey[] {
  return [secret, ...(previous === undefined ? [] : [previous])].map(text => ({
    id: createHash('sha256').update(`kid ${text}`).digest('hex').slice(0, 8),
    secret: Buffer.from(text)
  }))
}
