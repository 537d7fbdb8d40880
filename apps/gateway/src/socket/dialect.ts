/** Which protocol a socket speaks. `rendezvous.v1` has acks, and clients report what was delivered. In `legacy`, the
 *  first backend's, a message counts as delivered when it is written to the socket. */
export type Dialect = 'rendezvous.v1' | 'legacy'

/** Selects a subprotocol among those offered. False selects none: then the dialect is `legacy`. */
export function selectProtocol(offered: ReadonlySet<string>): Dialect | false {
  return offered.has('rendezvous.v1') ? 'rendezvous.v1' : false
}

/** The dialect of a socket for which `protocol` was selected. */
export function dialectOf(protocol: string): Dialect {
  return protocol === 'rendezvous.v1' ? 'rendezvous.v1' : 'legacy'
}
