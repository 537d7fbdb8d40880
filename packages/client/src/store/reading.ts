import { type ConversationId, conversationStream, limits, type SyncAnswer, type UserId } from '@rendezvous/contract'
import { RequestFailed } from '../http.ts'
import { freshTalk, openTalk, type Talk } from './talk.ts'
import type { StoreTransport } from './transport.ts'

/** Pages in a row that may name no conversation but those named before: what changes meanwhile comes again. */
const PAGES_IN_VAIN = 10

/** A server answers without end, or never what it has told of. */
export class InVain extends Error {
  readonly code = 'in_vain'
}

/** The conversations that changed after `since`, page by page. @throws InVain when the pages go on and name no others. */
export async function* pagesSince(transport: StoreTransport, since: string | null): AsyncGenerator<SyncAnswer> {
  const named = new Set<ConversationId>()
  let inVain = 0
  for (let at = since; inVain < PAGES_IN_VAIN; ) {
    const page = await transport.sync({ since: at })
    yield page
    if (!page.more) return
    const known = named.size
    for (const id of [...page.conversations.map(({ id }) => id), ...page.left]) named.add(id)
    inVain = named.size > known ? 0 : inVain + 1
    at = page.next
  }
  throw new InVain('sync goes on and brings nothing')
}

/** A conversation as the server has it now, opened or not; null when it is not (any more) this person's. */
export async function readTalk(
  transport: StoreTransport,
  { id, isOpen, me }: { readonly id: ConversationId; readonly isOpen: boolean; readonly me: UserId }
): Promise<Talk | null> {
  try {
    const talk = freshTalk(await transport.conversation(id))
    if (!isOpen) return talk
    const [messages, members] = await Promise.all([transport.messages(id), transport.members(id)])
    return openTalk(talk, { messages, members, whole: messages.length < limits.pageSize }, me)
  } catch (error) {
    if (codeOf(error) !== 'not_found') throw error
    return null
  }
}

/** Of the conversations that were asked for, those whose stream has not come as far as the store claimed: all when the refusal names none of them. Null
 *  for any other error. */
export function beyondEnd(error: unknown, asked: readonly ConversationId[]): ReadonlySet<ConversationId> | null {
  if (codeOf(error) !== 'bad_position') return null
  const { ranges = [] } = (error instanceof RequestFailed ? (error.body.errors ?? {}) : {}) as { ranges?: string[] }
  const named = asked.filter(id => ranges.includes(conversationStream(id)))
  return new Set(named.length > 0 ? named : asked)
}

/** The code of what a request failed with; undefined when the server could not be reached. */
export function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
