import { createHash } from 'node:crypto'
import { limits } from '@rendezvous/contract'
import { Duration } from '@rendezvous/env'
import type { SigningKey } from '@rendezvous/tokens'
import { Type } from 'typebox'
import { DatabaseVariables } from './database/config.ts'
import { PublicUrlVariable, TrustProxyVariable } from './network.ts'
import { RateVariables } from './rates.ts'
import { SecretVariable } from './secret.ts'

/** The variables that an api node reads. The `main.ts` of a deployment may read more. */
export const ApiVariables = Type.Object({
  ...DatabaseVariables.properties,
  JWT_SECRET: Type.Optional(
    SecretVariable(
      'Signs access and refresh tokens. At least 32 random characters, the same on all nodes. Required in production.'
    )
  ),
  JWT_SECRET_PREVIOUS: Type.Optional(
    SecretVariable('The secret before `JWT_SECRET`: its tokens stay valid. Remove it once they have expired.')
  ),
  JWT_ISSUER: Type.String({ minLength: 1, default: 'rendezvous', description: 'The claim `iss` of tokens.' }),
  JWT_AUDIENCE: Type.String({ minLength: 1, default: 'rendezvous', description: 'The claim `aud` of tokens.' }),
  ACCESS_TOKEN_TTL: Duration({ minimum: 10_000, default: 3_600_000, description: 'How long an access token lives.' }),
  REFRESH_TOKEN_TTL: Duration({
    minimum: 60_000,
    default: 14 * 86_400_000,
    description: 'How long a refresh token lives.'
  }),
  CORS_ORIGINS: Type.Array(Type.String({ minLength: 1 }), {
    default: ['*'],
    description:
      'Origins whose pages may call the HTTP API. `*` allows all, which is safe because the API reads no cookies.'
  }),
  LISTS: Type.Union([Type.Literal('array'), Type.Literal('page')], {
    default: 'array',
    description:
      'The form of a list when the request has no paging parameter: `array`, or `page` for `{next, previous, results}`.'
  }),
  PRESENCE_AUDIENCE: Type.Union([Type.Literal('contacts'), Type.Literal('everyone')], {
    default: 'contacts',
    description: `Who sees the presence of a user: contacts (people with a direct conversation), or everyone. \`everyone\` suits at most ${limits.presenceEveryone} people online.`
  }),
  PEOPLE_LIST: Type.Optional(
    Type.Union([Type.Literal('off'), Type.Literal('names'), Type.Literal('emails')], {
      description:
        'What `GET /users/` shows of all people: nothing (`off`), their names, or also their e-mail addresses. Unset: `off` in production, else `emails`.'
    })
  ),
  TRUST_PROXY: Type.Optional(TrustProxyVariable),
  PUBLIC_URL: Type.Optional(PublicUrlVariable),
  AUDIT_RETENTION: Duration({
    minimum: 86_400_000,
    maximum: 3_650 * 86_400_000,
    default: 90 * 86_400_000,
    description: 'How long the table `audit` keeps security events. At least a day.'
  }),
  HEADERS_TIMEOUT: Duration({
    minimum: 100,
    maximum: 600_000,
    default: 15_000,
    description: 'The deadline for the headers of a request; after it 408.'
  }),
  REQUEST_TIMEOUT: Duration({
    minimum: 100,
    maximum: 3_600_000,
    default: 30_000,
    description: 'The deadline for a whole request; after it 408.'
  }),
  ...RateVariables.properties
})

/** The keys of a secret and its predecessor. The first key signs. A key's id is a digest of its secret, so all
 *  nodes agree on it. */
export function signingKeys(secret: string, previous?: string): SigningKey[] {
  return [secret, ...(previous === undefined ? [] : [previous])].map(text => ({
    id: createHash('sha256').update(`kid ${text}`).digest('hex').slice(0, 8),
    secret: Buffer.from(text)
  }))
}
