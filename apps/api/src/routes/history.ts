import { type MessageId, Seq } from '@rendezvous/contract'
import { Type } from 'typebox'
import { cursors, type Neighbours, pageSize } from '../kernel/paging.ts'
import type { Between, History } from '../services/messages.ts'

/** Below one message of the conversation, or above one. */
const cursor = cursors(Type.Union([Type.Object({ before: Seq }), Type.Object({ after: Seq })]))

type Query = Parameters<typeof pageSize>[0] & { readonly before?: MessageId; readonly after?: MessageId }

/** Which messages a request asks for. */
export function betweenOf(query: Query): Between {
  const { before, after } = query
  const limit = pageSize(query)
  if (query.cursor === undefined) return { limit, before, after }

  const at = cursor.read(query.cursor)
  return 'before' in at ? { limit, beforeSeq: at.before } : { limit, afterSeq: at.after }
}

/** `next` goes on in the direction the request went: to older messages, unless it asked for those after one. */
export function neighboursOf({ messages, hasMore }: History, between: Between): Neighbours {
  const oldest = messages[0]
  const newest = messages.at(-1)
  if (oldest === undefined || newest === undefined) return {}

  const older = cursor.write({ before: oldest.seq })
  const newer = cursor.write({ after: newest.seq })
  const isBounded = [between.before, between.beforeSeq, between.after, between.afterSeq].some(
    bound => bound !== undefined
  )
  const isForward = isBounded && between.before === undefined && between.beforeSeq === undefined
  return {
    next: hasMore ? (isForward ? newer : older) : undefined,
    previous: isBounded ? (isForward ? older : newer) : undefined
  }
}
