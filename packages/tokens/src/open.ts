import { createHash } from 'node:crypto'
import jwt, { type JWT } from '@fastify/jwt'
import type { FastifyInstance } from 'fastify'
import { issuing, verifying } from './sign.ts'
import type { SigningKey, TokenOptions, Tokens } from './tokens.ts'

declare module '@fastify/jwt' {
  interface FastifyJWT {
    namespaces: string
  }
}

/** RFC 7518, 3.2: an HS256 key is at least as long as its hash. */
const SECRET_BYTES_MIN = 32

/**
 * Registers @fastify/jwt on `app` for each key, and returns the tokens that sign and verify with it. Call it once
 * per app.
 * @throws RangeError when there is no key, a key has no id or a short secret, or two have the same id. It names the
 * key, never its secret.
 */
export async function openTokens(app: FastifyInstance, options: TokenOptions): Promise<Tokens> {
  refuseBadKeys(options.keys)
  const signers = new Map<string, JWT>()
  for (const key of options.keys) signers.set(key.id, await register(app, key, options))
  return { ...issuing(signers, options), ...verifying(signers, options) }
}

/** Each key has a namespace of its own, because @fastify/jwt caches the verifier only of a key that it is registered
 *  with. */
async function register(app: FastifyInstance, { id, secret }: SigningKey, options: TokenOptions): Promise<JWT> {
  const namespace = `key_${createHash('sha256').update(id).digest('hex').slice(0, 16)}`
  await app.register(jwt, {
    secret,
    namespace,
    sign: { algorithm: 'HS256', kid: id, iss: options.issuer, aud: options.audience },
    verify: {
      algorithms: ['HS256'],
      allowedIss: options.issuer,
      allowedAud: options.audience,
      ignoreExpiration: true, // `verifying` checks both against the clock of the options
      ignoreNotBefore: true
    }
  })
  const registered = app.jwt[namespace]
  if (registered === undefined) throw new Error('@fastify/jwt did not register its namespace')
  return registered
}

function refuseBadKeys(keys: readonly SigningKey[]): void {
  if (keys.length === 0) throw new RangeError('tokens need at least one signing key')
  for (const { id, secret } of keys) {
    if (id === '') throw new RangeError('a signing key has an empty id')
    if (secret.length < SECRET_BYTES_MIN)
      throw new RangeError(`the secret of signing key ${id} is shorter than 32 bytes`)
  }
  if (new Set(keys.map(key => key.id)).size < keys.length) throw new RangeError('two signing keys have the same id')
}
