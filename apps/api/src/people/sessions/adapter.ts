import type { EndReason, PersonalFacts, UserId } from '@rendezvous/contract'
import { appendPersonalEvents } from '../../announce/personal/adapter.ts'
import type { AppendedEvents } from '../../announce/personal/port.ts'
import { appendAudit } from '../../audit/adapter.ts'
import { AUDITED_IDS, type SecurityAction, type SecurityEvent } from '../../audit/port.ts'
import type { Database, Statement, Transaction } from '../../database/port.ts'
import { retrying } from '../../database/retry.ts'
import type {
  ActiveSession,
  Ended,
  Ending,
  NewSession,
  PasswordChange,
  RefreshOutcome,
  RefreshUse,
  SessionSelection,
  SessionState,
  Sessions
} from './port.ts'

// Every transaction that starts or ends sessions locks their person first, because it appends to the person's stream.
// So these transactions run one after another. A log-in during a change of password is either ended or refused.

/** Reads the hash under the lock. */
const CREATE: Statement = {
  name: 'session_create',
  text: `WITH owner AS MATERIALIZED (SELECT p.id FROM person p
      WHERE p.id = $2 AND p.password_hash = $3 AND p.is_active AND p.deleted_at IS NULL FOR NO KEY UPDATE)
    INSERT INTO session (id, user_id, user_agent, ip) SELECT $1, owner.id, left($4, 512), left($5, 45) FROM owner
    RETURNING user_agent AS "userAgent", ip`
}
const LOCK_PERSON: Statement = {
  name: 'session_lock_person',
  text: 'SELECT 1 FROM person WHERE id = $1 FOR NO KEY UPDATE'
}
const LOCK: Statement = {
  name: 'session_lock',
  text: `SELECT s.ended_at IS NULL AND p.is_active AND p.deleted_at IS NULL AS alive, s.generation, s.spent_jti AS "spentTokenId"
    FROM session s JOIN person p ON p.id = s.user_id WHERE s.id = $1 AND s.user_id = $2 FOR NO KEY UPDATE OF s`
}
const RETIRED: Statement = { name: 'session_retired', text: 'SELECT 1 FROM retired_token WHERE jti = $1' }
const RETIRE: Statement = {
  name: 'session_retire',
  text: 'INSERT INTO retired_token (jti, session_id, expires_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING'
}
const SPEND: Statement = {
  name: 'session_spend',
  text: 'UPDATE session SET last_used_at = now(), generation = $2, spent_jti = $3 WHERE id = $1'
}
const LIST: Statement = {
  name: 'session_list',
  text: `SELECT id, created_at AS "createdAt", last_used_at AS "lastUsedAt", user_agent AS "userAgent", ip FROM session
    WHERE user_id = $1 AND ended_at IS NULL AND last_used_at > now() - $2 * interval '1 millisecond'
      AND (last_used_at, id) < (coalesce($3::timestamptz, 'infinity'), coalesce($4::uuid, '00000000-0000-0000-0000-000000000000'))
    ORDER BY last_used_at DESC, id DESC LIMIT $5`
}
/** True of active sessions, and of ended sessions with a spared token, which can still be revoked. */
const USABLE = '(ended_at IS NULL OR spared_jti IS NOT NULL)'
const ENDING = `UPDATE session SET ended_at = coalesce(ended_at, now()), spared_jti =`
const END: Statement = {
  name: 'session_end',
  text: `${ENDING} NULL WHERE user_id = $1 AND id = ANY($2::uuid[]) AND ${USABLE} RETURNING id, user_agent AS "userAgent"`
}
const END_ALL_BUT: Statement = {
  name: 'session_end_all_but',
  text: `${ENDING} NULL WHERE user_id = $1 AND id <> $2::uuid AND ${USABLE} RETURNING id, user_agent AS "userAgent"`
}
const END_ALL: Statement = {
  name: 'session_end_all',
  text: `${ENDING} CASE WHEN id = $2 THEN $3::uuid END WHERE user_id = $1 AND ${USABLE} RETURNING id, user_agent AS "userAgent"`
}
const SET_PASSWORD: Statement = {
  name: 'session_set_password',
  text: `UPDATE person SET password_hash = $3, password_changed_at = now()
    WHERE id = $1 AND password_hash = $2 AND is_active AND deleted_at IS NULL RETURNING id`
}
/** LATERAL, because a generic plan on large tables otherwise joins all people. */
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
/** A session's tokens are issued no later than its last use. Refresh tokens outlive access tokens, so all have
 *  expired. */
const PURGE_SESSIONS: Statement = {
  name: 'session_purge_sessions',
  text: `DELETE FROM session WHERE id IN (SELECT id FROM session WHERE last_used_at < now() - $1 * interval '1 millisecond'
    ORDER BY last_used_at LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING id`
}

/** The refresh state of a session: the token used last (null when none was) and its generation. */
interface RefreshStateRow {
  readonly alive: boolean
  readonly generation: number
  readonly spentTokenId: string | null
}

interface EndedRow {
  readonly id: string
  readonly userAgent: string
}

/** The `Sessions` port over a database. */
export function databaseSessions(database: Database): Sessions {
  const inTransaction = <T>(run: (transaction: Transaction) => Promise<T>): Promise<T> =>
    retrying(() => database.transaction(run))

  return {
    create: session => inTransaction(transaction => create(transaction, session)),
    async use(refresh) {
      const { userId, sessionId, ip = '' } = refresh
      const spent = await inTransaction(transaction => spend(transaction, refresh))
      if (spent.status !== 'reused') return spent
      // in a second transaction, because it must lock the person before the session; a replaced token stays replaced
      const ended = await inTransaction(transaction =>
        end(transaction, userId, { ids: [sessionId] }, { reason: 'token_reused', ip })
      )
      return ended.sessionIds.length > 0 ? { status: 'reused', ended } : { status: 'ended' }
    },
    list: (userId, { refreshTtlMs, limit, before }) =>
      database.query<ActiveSession>(LIST, [
        userId,
        refreshTtlMs,
        before?.lastUsedAt ?? null,
        before?.id ?? null,
        limit
      ]),
    end: (userId, which, ending) => inTransaction(transaction => end(transaction, userId, which, ending)),
    changePassword: change => inTransaction(transaction => changePassword(transaction, change)),
    states: sessionIds => states(database, sessionIds),
    async purge({ refreshTtlMs, limit }) {
      const tokens = await database.query(PURGE_TOKENS, [limit])
      const sessions = await database.query(PURGE_SESSIONS, [refreshTtlMs, limit])
      return tokens.length + sessions.length
    }
  }
}

async function create(transaction: Transaction, session: NewSession): Promise<AppendedEvents | null> {
  const started = await insert(transaction, session)
  return started === null ? null : appendPersonalEvents(transaction, session.userId, [started])
}

async function insert(transaction: Transaction, session: NewSession): Promise<PersonalFacts | null> {
  const { id, userId, passwordHash, userAgent, ip } = session
  const [row] = await transaction.query<Pick<ActiveSession, 'userAgent' | 'ip'>>(CREATE, [
    id,
    userId,
    passwordHash,
    userAgent,
    ip
  ])
  return row === undefined ? null : { type: 'session_started', session_id: id, user_agent: row.userAgent, ip: row.ip }
}

type Spent = Exclude<RefreshOutcome, { status: 'reused' }> | { readonly status: 'reused' }

async function spend(transaction: Transaction, refresh: RefreshUse): Promise<Spent> {
  const { sessionId, userId, tokenId, parent } = refresh
  const [state] = await transaction.query<RefreshStateRow>(LOCK, [sessionId, userId])
  if (state === undefined || !state.alive) return { status: 'ended' }
  const generation = await generationOf(transaction, refresh, state)
  if (generation === null) return { status: 'reused' }

  if (parent !== undefined) {
    await transaction.query(RETIRE, [parent.tokenId, sessionId, new Date(parent.expiresAt)])
  }
  await transaction.query(SPEND, [sessionId, generation, tokenId])
  return { status: 'ok', next: generation + 1 }
}

/** The generation of the used token; null when another token has replaced it. */
async function generationOf(
  transaction: Transaction,
  refresh: RefreshUse,
  state: RefreshStateRow
): Promise<number | null> {
  const { tokenId, generation } = refresh
  if (tokenId === state.spentTokenId) return state.generation
  if (generation === undefined) return adoptUncounted(transaction, refresh, state)
  return generation > state.generation ? generation : null
}

/** The generation of a token without one: the next. Null when the token was retired. The token that it replaces is
 *  retired, because that one may have no generation either and could otherwise replace it again. */
async function adoptUncounted(
  transaction: Transaction,
  refresh: RefreshUse,
  state: RefreshStateRow
): Promise<number | null> {
  const { sessionId, tokenId } = refresh
  const retired = await transaction.query(RETIRED, [tokenId])
  if (retired.length > 0) return null
  if (state.spentTokenId !== null) await transaction.query(RETIRE, [state.spentTokenId, sessionId, 'infinity'])
  return state.generation + 1
}

async function end(
  transaction: Transaction,
  userId: UserId,
  which: SessionSelection,
  { reason, ip }: Ending
): Promise<Ended> {
  await transaction.query(LOCK_PERSON, [userId])
  const rows = await ('ids' in which
    ? transaction.query<EndedRow>(END, [userId, which.ids])
    : transaction.query<EndedRow>(END_ALL_BUT, [userId, which.allBut]))
  const appended = await appendPersonalEvents(transaction, userId, endings(rows, reason))
  if (rows.length === 0) return { sessionIds: [], appended, audited: [] }

  const ended = { action: 'sessions_ended', detail: endedDetail(rows, reason) } as const
  const reused = { action: 'token_reused', detail: { sessions: idsOf(rows) } } as const
  const actions = reason === 'token_reused' ? [reused, ended] : [ended]
  return { sessionIds: idsOf(rows), appended, audited: await audit(transaction, userId, ip, actions) }
}

async function changePassword(transaction: Transaction, change: PasswordChange): Promise<Ended | null> {
  const { userId, currentHash, newHash, spare, next } = change
  const changed = await transaction.query(SET_PASSWORD, [userId, currentHash, newHash])
  if (changed.length === 0) return null

  const rows = await transaction.query<EndedRow>(END_ALL, [userId, spare.sessionId, spare.tokenId])
  const started = await insert(transaction, { ...next, userId, passwordHash: newHash })
  const facts = [...endings(rows, 'password_changed'), ...(started === null ? [] : [started])]
  const appended = await appendPersonalEvents(transaction, userId, facts)
  const ended = { action: 'sessions_ended', detail: endedDetail(rows, 'password_changed') } as const
  const actions = [{ action: 'password_changed', detail: {} } as const, ...(rows.length > 0 ? [ended] : [])]
  return { sessionIds: idsOf(rows), appended, audited: await audit(transaction, userId, next.ip, actions) }
}

/** Records what happened to the sessions of a user. Whoever reused a token is unknown. */
async function audit(
  transaction: Transaction,
  userId: UserId,
  ip: string,
  actions: readonly { readonly action: SecurityAction; readonly detail: SecurityEvent['detail'] }[]
): Promise<readonly SecurityEvent[]> {
  const isReuse = actions.some(({ action }) => action === 'token_reused')
  const subject = { actorId: isReuse ? null : userId, subjectKind: 'user', subjectId: String(userId), ip } as const
  const events = actions.map(each => ({ ...subject, ...each }))
  await appendAudit(transaction, events)
  return events
}

function endedDetail(rows: readonly EndedRow[], reason: EndReason): SecurityEvent['detail'] {
  return { reason, count: rows.length, sessions: idsOf(rows).slice(0, AUDITED_IDS) }
}

function endings(rows: readonly EndedRow[], reason: EndReason): PersonalFacts[] {
  return rows.map(({ id, userAgent }) => ({ type: 'session_ended', session_id: id, user_agent: userAgent, reason }))
}

function idsOf(rows: readonly EndedRow[]): string[] {
  return rows.map(({ id }) => id)
}

async function states(database: Database, sessionIds: readonly string[]): Promise<(SessionState | null)[]> {
  const rows = await database.query<SessionState & { id: string }>(STATES, [sessionIds])
  const byId = new Map(rows.map(({ id, ...state }) => [id, state]))
  return sessionIds.map(id => byId.get(id) ?? null)
}
