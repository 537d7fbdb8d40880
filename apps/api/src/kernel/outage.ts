import { ClusterError } from '@rendezvous/cluster'

/** The connection to the database failed or could not be had: of Node, and of Prisma. */
const codes: ReadonlySet<string> = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN'],
  ...['P1001', 'P1002', 'P1008', 'P1017', 'P2024']
])
/** What pg says without any code. */
const texts = /^(timeout exceeded when trying to connect|Connection terminated|Query read timeout)/
/** SQLSTATE: no connection, out of resources, a lock not had in time, cancelled by a deadline or by whoever stops the server. PostgreSQL's
 *  appendix A. */
const states = /^(08...|53...|55P03|57014|57P..)$/

/** Whether `thrown` says that something behind this node is out of reach for now, which is nobody's bug. */
export function isOutage(thrown: unknown): boolean {
  if (thrown instanceof ClusterError) return true
  if (!(thrown instanceof Error)) return false
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : ''
  return codes.has(code) || states.test(code) || texts.test(thrown.message)
}
