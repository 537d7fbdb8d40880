export { bearerToken } from './bearer.ts'
export { openTokens } from './open.ts'
export { type RefreshClaims, refusals, type SigningKey, type TokenOptions, type Tokens } from './tokens.ts'
