import { type ConversationId, conversationStream, limits, type SyncAnswer, type UserId } from '@rendezvous/contract'
import { RequestFailed } from '../http.ts'
import { type ConversationState, newState, openedState } from './state.ts'
import type { StoreTransport } from './transport.ts'

/** Pages in a row without a new conversation before the client gives up. Conversations that change during the sync are
 *  named again, so a few such pages are normal. */
const PAGES_WITHOUT_PROGRESS = 10

/** The server keeps answering, but its answers do not bring the client further. */
export class NoProgress extends Error {
  readonly code = 'no_progress'
}

/** The conversations that changed after `since`, page by page.
 *  @throws NoProgress when the pages continue without naming further conversations. */
export async function* pagesSince(transport: StoreTransport, since: string | null): AsyncGenerator<SyncAnswer> {
  const named = new Set<ConversationId>()
  let withoutProgress = 0
  for (let at = since; withoutProgress < PAGES_WITHOUT_PROGRESS; ) {
    const page = await transport.sync({ since: at })
    yield page
    if (!page.more) return
    const known = named.size
    for (const id of [...page.conversations.map(({ id }) => id), ...page.left]) named.add(id)
    withoutProgress = named.size > known ? 0 : withoutProgress + 1
    at = page.next
  }
  throw new NoProgress('the pages of sync continue without a new conversation')
}

/** The current state of a conversation on the server, with messages and members if `isOpen`. Null when the user is not
 *  a member. */
export async function fetchState(
  transport: StoreTransport,
  { id, isOpen, me }: { readonly id: ConversationId; readonly isOpen: boolean; readonly me: UserId }
): Promise<ConversationState | null> {
  try {
    const state = newState(await transport.conversation(id))
    if (!isOpen) return state
    const [messages, members] = await Promise.all([transport.messages(id), transport.members(id)])
    return openedState(state, { messages, members, whole: messages.length < limits.pageSize }, me)
  } catch (error) {
    if (codeOf(error) !== 'not_found') throw error
    return null
  }
}

/** The conversations of `asked` for which `error` says `bad_position`: those it names, or all when it names none.
 *  Null for any other error. */
export function aboveHead(error: unknown, asked: readonly ConversationId[]): ReadonlySet<ConversationId> | null {
  if (codeOf(error) !== 'bad_position') return null
  const { ranges = [] } = (error instanceof RequestFailed ? (error.body.errors ?? {}) : {}) as { ranges?: string[] }
  const named = asked.filter(id => ranges.includes(conversationStream(id)))
  return new Set(named.length > 0 ? named : asked)
}

/** The code of a request's error; undefined when the server could not be reached. */
export function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
