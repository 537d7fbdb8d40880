import { isIPv6 } from 'node:net'

/** Length to which a text that is not an IPv6 address is cut: that of the longest address. */
const ADDRESS_CHARACTERS = 45
/** The 16-bit groups of an IPv6 address that name a network: every subscriber has at least a /64 (RFC 6177). */
const NETWORK_GROUPS = 4
const GROUPS = 8

/** The network by which limits count an address: an IPv4 address itself, also if written as IPv6
 *  (`::ffff:192.0.2.1`), or the /64 of an IPv6 address (`2001:db8:0:7::/64`). Other text is returned, cut to 45
 *  characters; '' if undefined, as for a unix socket. */
export function networkOf(address: string | undefined): string {
  if (address === undefined) return ''
  if (!address.includes(':')) return address.slice(0, ADDRESS_CHARACTERS)

  const plain = address.split('%', 1)[0] ?? '' // the zone of fe80::1%eth0 is local to the receiver
  if (!isIPv6(plain)) return address.slice(0, ADDRESS_CHARACTERS)
  return embeddedIpv4(plain) ?? `${groupsOf(plain).slice(0, NETWORK_GROUPS).join(':')}::/64`
}

function embeddedIpv4(address: string): string | null {
  return /^(?:0*:)*:?ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? null
}

/** The eight groups, each without leading zeros. */
function groupsOf(address: string): string[] {
  const [front = '', back] = address.toLowerCase().split('::')
  const before = split(front)
  if (back === undefined) return before

  const after = split(back)
  const between = Array.from({ length: GROUPS - before.length - after.length }, () => '0')
  return [...before, ...between, ...after]
}

/** An IPv4 address at the end stands for the last two groups, which no /64 includes, so their value does not matter. */
function split(part: string): string[] {
  if (part === '') return []
  return part
    .split(':')
    .flatMap(group => (group.includes('.') ? ['0', '0'] : [Number.parseInt(group, 16).toString(16)]))
}
