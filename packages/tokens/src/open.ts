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

/** RFC 7518, 3.2: a key of HS256 is at least as long as its hash. */
const SECRET_BYTES_MIN = 32

/**
 * Registers @fastify/jwt on `app`, once for each key, and returns what signs and verifies with it. Once for each app.
 * @throws RangeError naming the key (never its secret) when there is none, one is nameless or too short, or two have one name.
 */
export async function openTokens(app: FastifyInstance, options: TokenOptions): Promise<Tokens> {
  refuseBadKeys(options.keys)
  const signers = new Map<string, JWT>()
  for (const key of options.keys) signers.set(key.id, await register(app, key, options))
  return { ...issuing(signers, options), ...verifying(signers, options) }
}

/** A namespace for each key, since @fastify/jwt keeps a prepared verifier for a key it knows in advance, and makes one a call otherwise. */
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
      ignoreExpiration: true, // both are checked against the clock of the options
      ignoreNotBefore: true
    }
  })
  const registered = app.jwt[namespace]
  if (registered === undefined) throw new Error('@fastify/jwt did not register its namespace')
  return registered
}

function refuseBadKeys(keys: readonly SigningKey[]): void {
  if (keys.length === 0) throw new RangeError('there is no key to sign tokens with')
  for (const { id, secret } of keys) {
    if (id === '') throw new RangeError('a key has no name')
    if (secret.length < SECRET_BYTES_MIN) throw new RangeError(`the secret of key ${id} is shorter than 32 bytes`)
  }
  if (new Set(keys.map(key => key.id)).size < keys.length) throw new RangeError('two keys have one name')
}
