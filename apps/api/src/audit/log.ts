import type { Report, SecurityAction } from './port.ts'

/** The part of a logger that is used. */
interface Log {
  readonly level?: string
  child(bindings: object, options?: { readonly level: string }): Pick<Log, 'info' | 'warn'>
  info(fields: object, text: string): void
  warn(fields: object, text: string): void
}

/** Actions that nobody means to cause. */
const alarming: ReadonlySet<SecurityAction> = new Set(['login_failed', 'password_change_failed', 'token_reused'])

/** Writes each event as one line, at every level of `log` but `silent`. */
export function securityLog(log: Log): Report {
  const lines = log.level === 'silent' ? log : log.child({}, { level: 'info' })
  return ({ action, actorId, subjectKind, subjectId, ip, detail }) => {
    const fields = { security: action, actor_id: actorId, [subjectKind]: subjectId, ip: ip.slice(0, 45), ...detail }
    if (alarming.has(action)) lines.warn(fields, 'security event')
    else lines.info(fields, 'security event')
  }
}
