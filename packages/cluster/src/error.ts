/** What can go wrong between nodes, by code:
 *  - `unreachable`: what the nodes share did not answer in time; whether the call took effect is unknown.
 *  - `closed`: this node closed the port before.
 *  - `full`: the shared store holds as much as it may. Nothing was changed.
 *  - `malformed`: bytes that are no envelope, or an envelope that cannot be written. */
export type ClusterErrorCode = 'unreachable' | 'closed' | 'full' | 'malformed'

/** The one error the ports of this package reject with. Its message says nothing of what was carried. */
export class ClusterError extends Error {
  readonly code: ClusterErrorCode

  constructor(code: ClusterErrorCode, message: string) {
    super(message)
    this.name = 'ClusterError'
    this.code = code
  }
}

/** What the nodes share did not answer. */
export const unreachable = () => new ClusterError('unreachable', 'what the nodes share cannot be reached')
/** The bus was closed by its own node. */
export const closed = () => new ClusterError('closed', 'the bus of this node is closed')
/** The store holds as many of `what` as it may. */
export const full = (what: string) => new ClusterError('full', `no room for another ${what}`)
/** `why` is a fixed text, never a piece of what was read. */
export const malformed = (why: string) => new ClusterError('malformed', `not an envelope: ${why}`)
