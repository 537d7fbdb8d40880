import {
  type Conversation,
  limits,
  type Member,
  type Message,
  type SyncAnswer,
  type SyncRequest
} from '@rendezvous/contract'
import type { Http } from '../http.ts'

/** The requests of a store. A refused call rejects with an error that has the server's `code`; an error without a
 *  `code` means that the server could not be reached. */
export interface StoreTransport {
  sync(request: SyncRequest): Promise<SyncAnswer>
  /** @throws with code `not_found` when the user is not a member. */
  conversation(id: number): Promise<Conversation>
  /** The newest messages, at most `limits.pageSize`. */
  messages(id: number): Promise<readonly Message[]>
  /** All members. */
  members(id: number): Promise<readonly Member[]>
}

interface Page<Item> {
  readonly next: string | null
  readonly results: readonly Item[]
}

/** The transport over HTTP, for the user who is logged in at `http`. */
export function httpTransport(http: Pick<Http, 'request'>): StoreTransport {
  const path = (id: number) => `/api/v1/conversations/${id}/`
  const page = <Item>(url: string) => http.request<Page<Item>>('GET', url)
  return {
    sync: request => http.request('POST', '/api/v1/sync/', request),
    conversation: id => http.request('GET', path(id)),
    messages: async id => (await page<Message>(`${path(id)}messages/?limit=${limits.pageSize}`)).results,
    async members(id) {
      const found: Member[] = []
      for (let url: string | null = `${path(id)}members/?limit=${limits.pageSizeMax}`; url !== null; ) {
        const { results, next }: Page<Member> = await page<Member>(url)
        found.push(...results)
        url = next === null ? null : pathOf(next)
      }
      return found
    }
  }
}

function pathOf(address: string): string {
  const { pathname, search } = new URL(address)
  return pathname + search
}
