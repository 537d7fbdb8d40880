import type { Conversation, Message, Profile, SentMessage, TokenPair, User } from '@rendezvous/contract'

/** The server answered with a status of 400 or above. `body` is the problem document, `code` its stable code. */
export class RequestFailed extends Error {
  readonly status: number
  readonly code: string
  readonly body: Readonly<Record<string, unknown>>

  constructor(status: number, body: Readonly<Record<string, unknown>>) {
    super(`${status} ${String(body.code)}: ${String(body.detail)}`)
    this.status = status
    this.code = String(body.code)
    this.body = body
  }
}

interface Registration {
  username: string
  password: string
  email?: string
}

/** The HTTP API for one user. Every call rejects with {@link RequestFailed} when the server refuses it. */
export interface Http {
  register(account: Registration): Promise<Profile>
  /** Logs in and keeps the tokens. Later calls send the access token. */
  login(username: string, password: string): Promise<TokenPair & { user: Profile }>
  /** Exchanges the refresh token for a new pair and keeps it. */
  refresh(): Promise<TokenPair>
  logout(): Promise<void>
  profile(): Promise<Profile>
  user(id: number): Promise<User>
  conversations(): Promise<Conversation[]>
  openConversation(userId: number): Promise<Conversation>
  leave(conversationId: number): Promise<void>
  messages(conversationId: number): Promise<Message[]>
  /** Sends a message. `clientId` is the idempotency key, a new UUID by default. */
  send(conversationId: number, content: string, clientId?: string): Promise<SentMessage>
  markRead(conversationId: number, messageId: number): Promise<Message>
  /** A ticket that opens one socket within 30 seconds. */
  ticket(): Promise<string>
  /** Sends any other request. Resolves to the parsed body, null when there is none. */
  request<T>(method: string, path: string, body?: unknown): Promise<T>
  /** The access token in use, null before `login`. */
  readonly access: string | null
}

const DEADLINE_MS = 15_000

/** Sends a request: `fetch`, or a function that records requests and calls `fetch`. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>

/** An {@link Http} for the server at `url` (without a trailing slash). Each request times out after 15 seconds. */
export function http(url: string, send: Fetch = fetch): Http {
  let tokens: TokenPair | null = null

  async function request<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await send(url + path, {
      method,
      headers: {
        ...(tokens === null ? {} : { authorization: `Bearer ${tokens.access}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' })
      },
      signal: AbortSignal.timeout(DEADLINE_MS),
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    })
    const text = await response.text()
    const parsed = text === '' ? null : JSON.parse(text)
    if (!response.ok) throw new RequestFailed(response.status, parsed ?? {})
    return parsed
  }

  return {
    request,
    get access() {
      return tokens?.access ?? null
    },
    register: account => request('POST', '/api/v1/auth/register/', account),
    async login(username, password) {
      tokens = null
      const answer = await request<TokenPair & { user: Profile }>('POST', '/auth/login/', { username, password })
      tokens = answer
      return answer
    },
    async refresh() {
      const pair = await request<TokenPair>('POST', '/api/token/refresh/', { refresh: tokens?.refresh })
      tokens = pair
      return pair
    },
    async logout() {
      await request('POST', '/api/v1/auth/logout/')
      tokens = null
    },
    profile: () => request('GET', '/api/v1/auth/profile/'),
    user: id => request('GET', `/api/v1/auth/users/${id}/`),
    conversations: () => request('GET', '/api/v1/conversations/'),
    openConversation: userId => request('POST', '/api/v1/conversations/', { participants: [userId] }),
    leave: id => request('DELETE', `/api/v1/conversations/${id}/leave/`),
    messages: id => request('GET', `/api/v1/conversations/${id}/messages/`),
    send: (id, content, clientId = crypto.randomUUID()) =>
      request('POST', `/api/v1/conversations/${id}/messages/`, { content, client_id: clientId }),
    markRead: (id, messageId) => request('POST', `/api/v1/conversations/${id}/messages/${messageId}/mark_read/`),
    ticket: async () => (await request<{ ticket: string }>('POST', '/api/v1/realtime/ticket/', {})).ticket
  }
}
