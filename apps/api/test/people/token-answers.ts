import type { TokenPair } from '@rendezvous/contract'
import type { Tokens } from '@rendezvous/tokens'
import type { Answer } from './app.ts'

/** The tokens in an answer. */
export function pairOf({ body }: Answer): TokenPair {
  return body as TokenPair
}

/** The claims of a valid access token. */
export function claimsOf(tokens: Tokens, access: string) {
  const verified = tokens.verifyAccess(access)
  if (!verified.ok) throw new Error(verified.reason)
  return verified.claims
}
