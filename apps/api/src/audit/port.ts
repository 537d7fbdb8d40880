import type { ConversationId, Role, UserId } from '@rendezvous/contract'

/** What happened. */
export type SecurityAction =
  | 'login_failed'
  | 'password_change_failed'
  | 'password_changed'
  | 'token_reused'
  | 'sessions_ended'
  | 'role_changed'
  | 'user_disabled'

/** Something that an operator may want to look into. It holds no password, token, name or address of a person. */
export interface SecurityEvent {
  readonly action: SecurityAction
  /** Who did it; null for the system, and for somebody who is not signed in. */
  readonly actorId: UserId | null
  /** `login` is the digest of a name that nobody has. */
  readonly subjectKind: 'user' | 'conversation' | 'login'
  /** At most 64 characters. */
  readonly subjectId: string
  /** Where the request came from, or ''. Cut at 45 characters. */
  readonly ip: string
  /** Short texts, numbers and lists of ids. At most 20 ids. */
  readonly detail: Readonly<Record<string, string | number | readonly string[]>>
}

/** The event of another role in a group. */
export function roleChanged(
  by: { readonly conversationId: ConversationId; readonly actorId: UserId; readonly ip?: string },
  userId: UserId,
  role: Role
): SecurityEvent {
  const subject = { subjectKind: 'conversation', subjectId: String(by.conversationId) } as const
  return { action: 'role_changed', actorId: by.actorId, ...subject, ip: by.ip ?? '', detail: { user_id: userId, role } }
}

/** Tells the operator of an event that is stored. It does not fail. */
export type Report = (event: SecurityEvent) => void

/** The longest list of ids in an event. */
export const AUDITED_IDS = 20

/** The append-only record of security events. Events of a transaction are appended in it by its adapter. */
export interface Audit {
  append(event: SecurityEvent): Promise<void>
  /** Deletes the oldest events, at most `limit`, that are older than `ageMs`, which is at least a day. Returns how
   *  many. */
  purge(bounds: { readonly ageMs: number; readonly limit: number }): Promise<number>
}
