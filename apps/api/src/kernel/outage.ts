import { ClusterError } from '@rendezvous/cluster'

/** Codes of Node and of Prisma for a connection that failed or could not be opened. */
const codes: ReadonlySet<string> = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN'],
  ...['P1001', 'P1002', 'P1008', 'P1017', 'P2024']
])
/** Messages of pg that come without a code. */
const texts = /^(timeout exceeded when trying to connect|Connection terminated|Query read timeout)/
/** SQLSTATE (PostgreSQL, appendix A): no connection, out of resources, lock timeout, cancelled by a deadline or by a
 *  shutdown of the server. */
const states = /^(08...|53...|55P03|57014|57P..)$/

/** Whether `thrown` means that the database or the cluster is unreachable for now. Such an error is not a bug. */
export function isOutage(thrown: unknown): boolean {
  if (thrown instanceof ClusterError) return true
  if (!(thrown instanceof Error)) return false
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : ''
  return codes.has(code) || states.test(code) || texts.test(thrown.message)
}
