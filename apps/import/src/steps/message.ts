import { limits, textProblem } from '@rendezvous/contract'
import type { Reason } from '../report.ts'
import type { SourceMessage } from '../source/messages.ts'

/** Why a message cannot be imported, judged by the message alone; null when it can. */
export function messageProblem(message: SourceMessage): Reason | null {
  if (message.isDeleted) return 'deleted'
  const type = (message.type ?? '').toLowerCase()
  const content = message.content ?? ''
  if ((type !== '' && type !== 'text') || (content.trim() === '' && message.hasFile)) return 'media'
  if (message.createdAt === null) return 'no_time'
  if (textProblem(content, limits.messageCharacters) === null) return null
  return [...content].length > limits.messageCharacters ? 'too_long' : 'empty' // the third problem, an unstorable text, cannot come from PostgreSQL
}
