import { OperatorError, systemCode } from './failure.ts'

/** The parts of a database's address that may be shown. */
interface Address {
  readonly server: string
  readonly database: string
  readonly role: string
}

const UNREACHABLE: ReadonlySet<string> = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN'],
  ...['ENOENT', 'EACCES'] // of a unix socket
])
/** Messages of pg that come without a code. */
const LATE = /timeout expired|^timeout exceeded|^Connection terminated|^Query read timeout/i
const NO_PASSWORD = /password must be a (non-empty )?string/
const NO_TLS = /does not support SSL/

/** The error of `pg` as a text for the operator, who set the database by `variable`. It says what is wrong with the
 *  server, the database, the role or the password, and what to do. It never shows the password. Null for any other
 *  error. */
export function databaseFailure(error: unknown, url: string, variable = 'DATABASE_URL'): OperatorError | null {
  if (!(error instanceof Error)) return null
  const address = addressOf(url)
  if (address === null) {
    if (systemCode(error) !== 'ERR_INVALID_URL') return null
    const text = `${variable} is not an address. Write postgresql://user:password@host:5432/name; encode special characters.`
    return new OperatorError(text)
  }
  const text = connectionFailure(error, address, variable) ?? stateFailure(error, address, variable)
  return text === null ? null : new OperatorError(text, { cause: error })
}

function connectionFailure(error: Error, { server, role }: Address, variable: string): string | null {
  const code = systemCode(error)
  if ('syscall' in error && error.syscall === 'open')
    return `A file that ${variable} names cannot be read (${error.message}). Correct sslrootcert, sslcert or sslkey in it.`
  if (UNREACHABLE.has(code) || LATE.test(error.message)) {
    const why = code === '' ? 'no answer' : code
    return `PostgreSQL cannot be reached at ${server} (${why}). Start it, or correct the host and port in ${variable}.`
  }
  if (NO_PASSWORD.test(error.message))
    return `PostgreSQL at ${server} wants a password for role "${role}". Add it to ${variable}: postgresql://${role}:password@…`
  if (NO_TLS.test(error.message))
    return `PostgreSQL at ${server} does not offer TLS. Remove sslmode from ${variable}, or turn TLS on in the server.`
  if (/CERT|SELF_SIGNED|UNABLE_TO_VERIFY/.test(code))
    return `The certificate of PostgreSQL at ${server} is not trusted (${code}). Correct sslmode or sslrootcert in ${variable}.`
  return null
}

/** By SQLSTATE (PostgreSQL, appendix A). */
function stateFailure(error: Error, { server, database, role }: Address, variable: string): string | null {
  switch (systemCode(error)) {
    case '3D000':
      return `Database "${database}" does not exist at ${server}. Create it (createdb ${database}), or correct the name in ${variable}.`
    case '28P01':
      return `PostgreSQL at ${server} refused the password of role "${role}", or there is no such role. Correct ${variable}, or create the role.`
    case '28000':
      return /does not exist/.test(error.message)
        ? `Role "${role}" does not exist at ${server}. Create it (createuser ${role}), or correct the user in ${variable}.`
        : `PostgreSQL at ${server} does not let role "${role}" in: ${error.message}. Correct its pg_hba.conf, or ${variable}.`
    case '42501':
      return `Role "${role}" lacks a right on database "${database}": ${error.message}. Make the role the owner of the database.`
    case '53300':
      return `PostgreSQL at ${server} has no free connection. End other clients, or raise its max_connections.`
    case '57P03':
      return `PostgreSQL at ${server} is still starting, or shutting down. Start again when it is ready.`
    case '25006':
      return `Database "${database}" at ${server} is read-only, as a standby is. Name the primary server in ${variable}.`
    case '22021':
    case '22P05':
      return `Database "${database}" at ${server} cannot store every character: ${error.message}. Create it with ENCODING 'UTF8'.`
    default:
      return null
  }
}

function addressOf(url: string): Address | null {
  try {
    const { hostname, port, username, pathname, searchParams } = new URL(url)
    const host = searchParams.get('host') ?? decoded(hostname)
    const role = decoded(username) || 'of this system user'
    const database = decoded(pathname.slice(1)) || role
    return { server: `${host || 'localhost'}:${port || '5432'}`, database, role }
  } catch {
    return null
  }
}

/** The text without percent-encoding; as it is where that is malformed, as `pg` takes it. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
