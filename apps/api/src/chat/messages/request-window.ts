import { type MessageId, Seq } from '@rendezvous/contract'
import { Type } from 'typebox'
import { cursors, type Neighbours, pageSize } from '../../kernel/paging.ts'
import type { History, MessageBounds } from './service.ts'

/** A cursor names the seq before which, or after which, the page begins. */
const cursor = cursors(Type.Union([Type.Object({ before: Seq }), Type.Object({ after: Seq })]))

type Query = Parameters<typeof pageSize>[0] & { readonly before?: MessageId; readonly after?: MessageId }

/** The bounds of the messages that a request asks for. */
export function boundsOf(query: Query): MessageBounds {
  const { before, after } = query
  const limit = pageSize(query)
  if (query.cursor === undefined) return { limit, before, after }

  const at = cursor.read(query.cursor)
  return 'before' in at ? { limit, beforeSeq: at.before } : { limit, afterSeq: at.after }
}

/** The cursors of the neighbouring pages. `next` keeps the direction of the request: to newer messages when it has an
 *  `after` alone, else to older ones. */
export function neighboursOf({ messages, hasMore }: History, bounds: MessageBounds): Neighbours {
  const oldest = messages[0]
  const newest = messages.at(-1)
  if (oldest === undefined || newest === undefined) return {}

  const older = cursor.write({ before: oldest.seq })
  const newer = cursor.write({ after: newest.seq })
  const isBounded = [bounds.before, bounds.beforeSeq, bounds.after, bounds.afterSeq].some(bound => bound !== undefined)
  const isForward = isBounded && bounds.before === undefined && bounds.beforeSeq === undefined
  return {
    next: hasMore ? (isForward ? newer : older) : undefined,
    previous: isBounded ? (isForward ? older : newer) : undefined
  }
}
