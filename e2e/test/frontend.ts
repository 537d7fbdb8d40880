import { randomUUID } from 'node:crypto'
import type { Test } from 'tap'
import { CheckedSocket, checkedFetch } from './contract/checked.ts'

const PASSWORD = 'motdepasse-1'

/** A row of the history. */
export interface Row {
  readonly id: number
  readonly sender: number
  readonly content: string
  readonly message_type: string
  readonly [field: string]: unknown
}

/** A frame of the socket. */
export interface Frame {
  readonly type: string
  readonly id: number
  readonly from: number
  readonly to: number
  readonly content: string
  readonly user_id: number
  readonly [field: string]: unknown
}

/** A message on the screen. */
interface Bubble {
  readonly id: number
  readonly from: 'me' | 'other'
  readonly text: string
}

interface ListedPerson {
  readonly id: number
  readonly first_name: string
  readonly last_name: string
  readonly email: string
}

/** A person who registered in the first backend's frontend, at an api node and a gateway. */
export async function newFrontend(firstName: string, url: string, socketUrl: string) {
  const email = `${randomUUID()}@example.org`
  let token = ''

  async function call(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> {
    const authorization = token === '' ? {} : { authorization: `Bearer ${token}` }
    const content = body === undefined ? {} : { body: JSON.stringify(body) }
    const headers = { ...authorization, ...(body === undefined ? {} : { 'content-type': 'application/json' }) }
    const response = await checkedFetch(url + path, { method, headers, ...content })
    return { status: response.status, body: await response.json() }
  }

  async function logIn(password = PASSWORD): Promise<{ status: number; body: Record<string, unknown> }> {
    const { status, body } = await call('POST', '/login/', { email, password })
    return { status, body: body as Record<string, unknown> }
  }

  const made = await call('POST', '/register/', { email, first_name: firstName, last_name: 'Lee', password: PASSWORD })
  if (made.status !== 201) throw new Error(JSON.stringify(made.body))
  token = String((await logIn()).body.token)
  const id: number = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).user_id

  const history = async (peer: number) => (await call('GET', `/messages/?with=${peer}`)).body as Row[]
  const address = (at: string) => `${at.replace('http', 'ws')}/ws/chat?token=${encodeURIComponent(token)}`
  return {
    id,
    email,
    logIn,
    people: async () => (await call('GET', '/users/')).body as ListedPerson[],
    person: async (userId: number) => (await call('GET', `/users/${userId}/`)).body,
    history,
    /** Answers the id of the stored message. */
    async send(receiver: number, content: string): Promise<number> {
      const sent = await call('POST', '/messages/send/', { receiver, content, message_type: 'text' })
      if (sent.status !== 201) throw new Error(JSON.stringify(sent.body))
      return (sent.body as Row).id
    },
    /** Opens the conversation with `peer`: a socket, and the messages on the screen. Resolves after `ready`. */
    async open(t: Test, peer: number, at = socketUrl) {
      const socket = new CheckedSocket(address(at))
      t.teardown(() => socket.terminate())
      return conversation(socket, id, peer, history)
    },
    /** Opens a socket and closes it before it stands. Resolves once it has closed. */
    async openAndClose(): Promise<void> {
      const socket = new CheckedSocket(address(socketUrl))
      socket.on('error', () => undefined)
      const closed = new Promise(resolve => socket.once('close', resolve))
      socket.close()
      await closed
    }
  }
}

/** A person who uses the frontend. */
export type Frontend = Awaited<ReturnType<typeof newFrontend>>

/** The open conversation: what its socket brings, and what is on the screen. */
async function conversation(
  socket: CheckedSocket,
  me: number,
  peer: number,
  history: (peer: number) => Promise<Row[]>
) {
  const frames: Frame[] = []
  const taken = new Set<Frame>()
  let shown: readonly (Row | Bubble)[] = []
  let wake = () => {}
  socket.on('message', data => {
    const frame: Frame = JSON.parse(String(data))
    frames.push(frame)
    if (frame.type === 'message_created' && [frame.from, frame.to].includes(peer))
      shown = [...shown, { id: frame.id, from: frame.from === me ? 'me' : 'other', text: frame.content }]
    wake()
  })

  const open = {
    /** Resolves with the oldest frame of `type` that matches and was not taken. */
    async heard(type: string, matches: (frame: Frame) => boolean = () => true): Promise<Frame> {
      for (;;) {
        const frame = frames.find(each => each.type === type && !taken.has(each) && matches(each))
        if (frame !== undefined) {
          taken.add(frame)
          return frame
        }
        await new Promise<void>(resolve => {
          wake = resolve
        })
      }
    },
    /** All frames of `type` so far. */
    all: (type: string) => frames.filter(frame => frame.type === type),
    say: (frame: object) => socket.send(JSON.stringify(frame)),
    /** Replaces the screen by the history. */
    async poll(): Promise<void> {
      shown = await history(peer)
    },
    /** What the person sees. */
    screen: () => shown.map(message => bubble(message, me))
  }
  await open.heard('ready')
  return open
}

/** The frontend takes whatever has `text`, `from` or `type` for a bubble of its own. */
function bubble(message: Row | Bubble, me: number): Bubble {
  if ('text' in message || 'from' in message || 'type' in message) return message as Bubble
  return { id: message.id, from: message.sender === me ? 'me' : 'other', text: message.content }
}
