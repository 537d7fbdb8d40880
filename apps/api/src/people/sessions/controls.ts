import { type Delivery, userTopic } from '@rendezvous/cluster'
import { closeCodes, type UserId } from '@rendezvous/contract'
import type { PersonalChange } from '../../announce/personal/port.ts'
import type { Controls } from '../../announce/personal/source.ts'
import type { Sessions } from './port.ts'

/** The most sessions that one control message names. */
const PER_MESSAGE = 1_000
/** The most sessions of one query (see `Sessions.states`). */
const PER_QUERY = 50

/** The id of the access token that outlives a session, by session id. */
export type Spared = ReadonlyMap<string, string>

/** Control messages that close the sockets of ended sessions on every gateway, except sockets of a spared token.
 *  `changes` names the sessions. One message names at most one spared token. */
export function sessionControls(changes: readonly PersonalChange[], spared: Spared): Delivery[] {
  const ended = new Map<string, { readonly userId: UserId; readonly spare: string | undefined; ids: string[] }>()
  const firstSpare = new Map<UserId, string>()
  const endings = changes.flatMap(({ userId, facts }) => {
    if (facts.type !== 'session_ended') return []
    const spare = spared.get(facts.session_id)
    if (spare !== undefined && !firstSpare.has(userId)) firstSpare.set(userId, spare)
    return [{ userId, sessionId: facts.session_id, spare }]
  })
  for (const { userId, sessionId, spare = firstSpare.get(userId) } of endings) {
    const key = `${userId} ${spare ?? ''}`
    const same = ended.get(key)
    if (same === undefined) ended.set(key, { userId, spare, ids: [sessionId] })
    else same.ids.push(sessionId)
  }
  return [...ended.values()].flatMap(({ userId, spare, ids }) =>
    pages(ids, PER_MESSAGE).map(end_sessions => {
      const header = { kind: 'control' as const, end_sessions, user_id: userId, code: closeCodes.sessionEnded.code }
      const envelope = { header: spare === undefined ? header : { ...header, spare }, frames: [] }
      return { topics: [userTopic(userId)], envelope }
    })
  )
}

/** Like `sessionControls`, for a sweep. It reads the spared tokens from the stored sessions. */
export function sessionControlsFrom(sessions: Pick<Sessions, 'states'>): Controls {
  return async changes => {
    const ids = changes.flatMap(({ facts }) => (facts.type === 'session_ended' ? [facts.session_id] : []))
    const spared = new Map<string, string>()
    for (const page of pages([...new Set(ids)], PER_QUERY)) {
      const states = await sessions.states(page)
      for (const [index, id] of page.entries()) {
        const tokenId = states[index]?.sparedTokenId
        if (tokenId !== undefined && tokenId !== null) spared.set(id, tokenId)
      }
    }
    return sessionControls(changes, spared)
  }
}

function pages<Entry>(entries: readonly Entry[], size: number): Entry[][] {
  const found: Entry[][] = []
  for (let from = 0; from < entries.length; from += size) found.push(entries.slice(from, from + size))
  return found
}
