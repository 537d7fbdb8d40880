import { isIP, isIPv4 } from 'node:net'
import { type TString, Type } from 'typebox'

/** The most proxies in a row that a number may trust. */
const MOST_HOPS = 16
const ranges: ReadonlySet<string> = new Set(['loopback', 'linklocal', 'uniquelocal'])

/** The variable TRUST_PROXY. `trustedProxies` reads its value. */
export const TrustProxyVariable: TString = Type.Refine(
  Type.String({
    expected: `addresses or networks of proxies separated by commas, such as 127.0.0.1,10.0.0.0/8, or how many proxies there are, from 1 to ${MOST_HOPS}`,
    description:
      'Trusted proxies, whose X-Forwarded-* headers are used: comma-separated addresses or networks, or how many proxies stand in front.'
  }),
  text => isHops(text) || (list(text).length > 0 && list(text).every(isNetwork))
)

/** The variable PUBLIC_URL. */
export const PublicUrlVariable: TString = Type.Refine(
  Type.String({
    expected: 'an origin such as https://chat.example, without a path',
    description:
      'The origin at which clients reach the server. Answers name it in `Link` and `next`. Unset: the host of each request.'
  }),
  text => publicOrigin(text) !== null
)

/** Which proxies are trusted, as Fastify takes it: by address, or by how many lie between this server and them. */
type TrustedProxies = string[] | ((address: string, hop: number) => boolean)

/** The proxies of a valid TRUST_PROXY. */
export function trustedProxies(text: string): TrustedProxies {
  return isHops(text) ? (_address, hop) => hop < Number(text) : list(text)
}

/** The origin of a valid PUBLIC_URL as browsers write it; null for any other text. */
export function publicOrigin(text: string): string | null {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return null
  const { origin, href } = new URL(text)
  return href === `${origin}/` ? origin : null
}

function isHops(text: string): boolean {
  const trimmed = text.trim()
  return /^\d{1,2}$/.test(trimmed) && Number(trimmed) >= 1 && Number(trimmed) <= MOST_HOPS
}

function list(text: string): string[] {
  const parts = text.split(',').map(part => part.trim())
  return parts.filter(part => part !== '')
}

/** An IP address, one with the length of its prefix, or a named range. No zone, and no other way to write IPv4. */
function isNetwork(text: string): boolean {
  if (ranges.has(text)) return true
  const [address = '', prefix, ...rest] = text.split('/')
  if (isIP(address) === 0 || address.includes('%') || rest.length > 0) return false
  if (prefix === undefined) return true
  const longest = isIPv4(address) ? 32 : 128
  const isMapped = /^::ffff:/i.test(address) // proxy-addr reads it as IPv4
  return /^[1-9]\d{0,2}$/.test(prefix) && Number(prefix) <= longest && !isMapped
}
