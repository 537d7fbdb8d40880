/** The codes of `ClusterError`:
 *  - `unreachable`: the shared store or bus did not answer in time. The call may have taken effect.
 *  - `closed`: this node closed its bus before.
 *  - `full`: the shared store reached its bound. Nothing was changed.
 *  - `malformed`: bytes are not an envelope, or an envelope cannot be encoded. */
export type ClusterErrorCode = 'unreachable' | 'closed' | 'full' | 'malformed'

/** The error of every port of this package. Its message never contains data that the nodes exchange. */
export class ClusterError extends Error {
  readonly code: ClusterErrorCode

  constructor(code: ClusterErrorCode, message: string) {
    super(message)
    this.name = 'ClusterError'
    this.code = code
  }
}

/** The error when the shared store or bus does not answer. */
export const unreachable = () => new ClusterError('unreachable', 'the shared store or bus of the nodes did not answer')
/** The error of calls on a bus that its node closed. */
export const closed = () => new ClusterError('closed', 'the bus of this node is closed')
/** The error when the store has no room for another `what`. */
export const full = (what: string) => new ClusterError('full', `the shared store has no room for another ${what}`)
/** The error of a malformed envelope. `why` is a fixed text, never a part of the envelope. */
export const malformed = (why: string) => new ClusterError('malformed', `not an envelope: ${why}`)
