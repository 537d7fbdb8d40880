import type { Meeting } from '../../people/presence/introductions.ts'
import type { Change } from './port.ts'

/** The two people of a new direct conversation; null for any other change. */
export function meetingOf(change: Change): Meeting | null {
  if (change.type !== 'conversation_created') return null
  const [one, other] = change.memberIds ?? []
  if (one === undefined || other === undefined) return null
  return { conversationId: change.conversationId, seq: change.seq, userIds: [one, other] }
}
