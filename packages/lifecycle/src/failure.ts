import { ConfigError } from '@rendezvous/env'

/** An error that the operator can fix: its message says what is wrong and what to do. Any other error is a bug. */
export class OperatorError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'OperatorError'
  }
}

/** The `code` of an error of Node or of PostgreSQL, or '' when it has none. */
export function systemCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}

/** The text to print for an error that the operator can fix, without a stack; null for a bug. Beside `OperatorError`
 *  and `ConfigError` these are an address that cannot be listened on, and an AbortError after `shutdown` was aborted. */
export function failureText(error: unknown, shutdown?: AbortSignal): string | null {
  if (error instanceof OperatorError || error instanceof ConfigError) return error.message
  if (!(error instanceof Error)) return null
  if (shutdown?.aborted && error.name === 'AbortError') return 'Interrupted before it was ready.'
  return listenFailure(error)
}

function listenFailure(error: Error): string | null {
  const { address, port, syscall, hostname } = { address: '', port: '', syscall: '', hostname: '', ...error }
  const where = [address, port].filter(part => part !== '').join(':')
  const code = systemCode(error)
  if (code === 'EADDRINUSE')
    return `The port is taken by another process: ${where}. Stop that process first, or set PORT.`
  if (syscall === 'listen' && code === 'EACCES')
    return `This user may not listen on ${where}. Set PORT to 1024 or above, and put a proxy in front.`
  if (syscall === 'listen' && code === 'EADDRNOTAVAIL')
    return `${where} is not an address of this machine. Set HOST to one that is, or to 0.0.0.0 for all.`
  if (syscall === 'getaddrinfo') return `The name ${hostname} has no address (${code}). Correct HOST.`
  return null
}
