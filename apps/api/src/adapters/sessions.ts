import type { UserId } from '@rendezvous/contract'
import type { Database, Statement, Transaction } from '../database/port.ts'
import { retrying } from '../database/retry.ts'
import type {
  NewSession,
  PasswordChange,
  RefreshOutcome,
  RefreshUse,
  SessionState,
  Sessions
} from '../ports/sessions.ts'

/** FOR SHARE: a change of password that runs at the same moment either sees this session and ends it, or is seen here. */
const CREATE: Statement = {
  name: 'session_create',
  text: `INSERT INTO session (id, user_id, user_agent, ip)
    SELECT $1, p.id, left($4, 512), left($5, 45) FROM person p
    WHERE p.id = $2 AND p.password_hash = $3 AND p.is_active AND p.deleted_at IS NULL FOR SHARE
    RETURNING id`
}
const LOCK: Statement = {
  name: 'session_lock',
  text: `SELECT s.ended_at IS NULL AND p.is_active AND p.deleted_at IS NULL AS alive
    FROM session s JOIN person p ON p.id = s.user_id WHERE s.id = $1 AND s.user_id = $2 FOR NO KEY UPDATE OF s`
}
const RETIRED: Statement = { name: 'session_retired', text: 'SELECT 1 FROM retired_token WHERE jti = $1' }
const RETIRE: Statement = {
  name: 'session_retire',
  text: 'INSERT INTO retired_token (jti, session_id, expires_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING'
}
const TOUCH: Statement = { name: 'session_touch', text: 'UPDATE session SET last_used_at = now() WHERE id = $1' }
const END: Statement = {
  name: 'session_end',
  text: 'UPDATE session SET ended_at = now() WHERE id = $1 AND user_id = $2 AND ended_at IS NULL RETURNING id'
}
/** Locks in the order of ids, so that two of these cannot wait for each other. */
const LOCK_ALL: Statement = {
  name: 'session_lock_all',
  text: 'SELECT id FROM session WHERE user_id = $1 AND ended_at IS NULL ORDER BY id FOR NO KEY UPDATE'
}
const END_ALL: Statement = {
  name: 'session_end_all',
  text: `UPDATE session SET ended_at = now(), spared_jti = CASE WHEN id = $2 THEN $3::uuid END
    WHERE user_id = $1 AND ended_at IS NULL RETURNING id`
}
const SET_PASSWORD: Statement = {
  name: 'session_set_password',
  text: `UPDATE person SET password_hash = $3, password_changed_at = now()
    WHERE id = $1 AND password_hash = $2 AND is_active AND deleted_at IS NULL RETURNING id`
}
/** LATERAL, because a generic plan on large tables joined all people. */
const STATES: Statement = {
  name: 'session_states',
  text: `SELECT s.id, s.user_id AS "userId", s.ended_at IS NOT NULL OR NOT p.is_active OR p.deleted_at IS NOT NULL AS ended,
      CASE WHEN p.is_active AND p.deleted_at IS NULL THEN s.spared_jti END AS "sparedTokenId"
    FROM session s CROSS JOIN LATERAL (SELECT x.is_active, x.deleted_at FROM person x WHERE x.id = s.user_id LIMIT 1) p
    WHERE s.id = ANY($1::uuid[])`
}
const PURGE_TOKENS: Statement = {
  name: 'session_purge_tokens',
  text: `DELETE FROM retired_token WHERE jti IN (SELECT jti FROM retired_token WHERE expires_at < now()
    ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED) RETURNING jti`
}
/** Every token of a session was issued at its last use at the latest, and a refresh token lives longer than an access token. */
const PURGE_SESSIONS: Statement = {
  name: 'session_purge_sessions',
  text: `DELETE FROM session WHERE id IN (SELECT id FROM session WHERE last_used_at < now() - $1 * interval '1 millisecond'
    ORDER BY last_used_at LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING id`
}

/** Sessions in the database. */
export function databaseSessions(database: Database): Sessions {
  return {
    create: session => create(database, session),
    use: refresh => retrying(() => database.transaction(transaction => use(transaction, refresh))),
    async end(userId, sessionId) {
      return (await database.query(END, [sessionId, userId])).length > 0
    },
    endAll: userId => retrying(() => database.transaction(transaction => endAll(transaction, userId, null))),
    changePassword: change => retrying(() => database.transaction(transaction => changePassword(transaction, change))),
    states: sessionIds => states(database, sessionIds),
    async purge({ refreshTtlMs, limit }) {
      const tokens = await database.query(PURGE_TOKENS, [limit])
      const sessions = await database.query(PURGE_SESSIONS, [refreshTtlMs, limit])
      return tokens.length + sessions.length
    }
  }
}

async function create(on: Pick<Database, 'query'>, session: NewSession): Promise<boolean> {
  const { id, userId, passwordHash, userAgent, ip } = session
  const rows = await on.query(CREATE, [id, userId, passwordHash, userAgent, ip])
  return rows.length > 0
}

async function use(transaction: Transaction, refresh: RefreshUse): Promise<RefreshOutcome> {
  const { sessionId, userId, tokenId, parent } = refresh
  const [session] = await transaction.query<{ alive: boolean }>(LOCK, [sessionId, userId])
  if (session === undefined || !session.alive) return 'ended'

  const retired = await transaction.query(RETIRED, [tokenId])
  if (retired.length > 0) {
    await transaction.query(END, [sessionId, userId])
    return 'reused'
  }
  if (parent !== undefined) {
    await transaction.query(RETIRE, [parent.tokenId, sessionId, new Date(parent.expiresAt)])
  }
  await transaction.query(TOUCH, [sessionId])
  return 'ok'
}

async function changePassword(transaction: Transaction, change: PasswordChange): Promise<string[] | null> {
  const { userId, currentHash, newHash, spare, next } = change
  const changed = await transaction.query(SET_PASSWORD, [userId, currentHash, newHash])
  if (changed.length === 0) return null

  const ended = await endAll(transaction, userId, spare)
  await create(transaction, { ...next, userId, passwordHash: newHash })
  return ended
}

async function endAll(
  transaction: Transaction,
  userId: UserId,
  spare: PasswordChange['spare'] | null
): Promise<string[]> {
  await transaction.query(LOCK_ALL, [userId])
  const ended = await transaction.query<{ id: string }>(END_ALL, [
    userId,
    spare?.sessionId ?? null,
    spare?.tokenId ?? null
  ])
  return ended.map(({ id }) => id)
}

async function states(database: Database, sessionIds: readonly string[]): Promise<(SessionState | null)[]> {
  const rows = await database.query<SessionState & { id: string }>(STATES, [sessionIds])
  const byId = new Map(rows.map(({ id, ...state }) => [id, state]))
  return sessionIds.map(id => byId.get(id) ?? null)
}
