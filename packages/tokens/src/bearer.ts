import { ApiError, accessTokenNotValid, limits } from '@rendezvous/contract'

/**
 * The token of an `Authorization` header, not verified; null without a header and for another scheme than `Bearer`, which
 * counts as no credentials. The scheme is read in any case (RFC 9110, 11.1), where SimpleJWT reads `Bearer` only.
 * @throws ApiError `bad_authorization_header` unless exactly one token follows the scheme, as SimpleJWT does.
 * @throws accessTokenNotValid for a token longer than `limits.tokenCharacters`.
 */
export function bearerToken(header: string | undefined): string | null {
  const [scheme = '', token, ...rest] = (header ?? '').trim().split(/\s+/)
  if (scheme.toLowerCase() !== 'bearer') return null
  if (token === undefined || rest.length > 0) throw new ApiError('bad_authorization_header')
  if (token.length > limits.tokenCharacters) throw accessTokenNotValid()
  return token
}
