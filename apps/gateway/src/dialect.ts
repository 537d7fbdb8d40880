/** How a socket talks: ours, with acks and delivered by command, or the first backend's, where delivered means written to the socket. */
export type Dialect = 'rendezvous.v1' | 'legacy'

/** The subprotocol to select among those offered; none for a client of the legacy dialect, whatever it offers. */
export function selectProtocol(offered: ReadonlySet<string>): Dialect | false {
  return offered.has('rendezvous.v1') ? 'rendezvous.v1' : false
}

/** The dialect of a socket for which `protocol` was selected. */
export function dialectOf(protocol: string): Dialect {
  return protocol === 'rendezvous.v1' ? 'rendezvous.v1' : 'legacy'
}
