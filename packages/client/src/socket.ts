import type { AckResult, Command, Event } from '@rendezvous/contract'

/** The part of a WebSocket that the client uses. Those of browsers and of the package `ws` have it. */
export interface WebSocketLike {
  send(data: string): void
  close(code?: number, reason?: string): void
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void
  addEventListener(type: 'close', listener: (event: { code: number; reason: string }) => void): void
  addEventListener(type: 'error', listener: (event: unknown) => void): void
}

type EventOf<Type extends Event['type']> = Extract<Event, { type: Type }>
type Outgoing = Command extends infer Each ? (Each extends { ref?: unknown } ? Omit<Each, 'ref'> : never) : never

/** A command was refused, or the socket closed before its answer came. */
export class CommandFailed extends Error {
  readonly code: string

  constructor(code: string, detail: string) {
    super(`${code}: ${detail}`)
    this.code = code
  }
}

/** One open socket. It keeps the newest {@link KEPT_EVENTS} events until `next` takes them. */
export interface ChatSocket {
  /** Takes the oldest pending event of `type` that `wanted` accepts, or waits for one. Rejects when the socket
   *  closes. */
  next<Type extends Event['type']>(type: Type, wanted?: (event: EventOf<Type>) => boolean): Promise<EventOf<Type>>
  /** Sends a command and waits for its ack. @throws CommandFailed */
  command(command: Outgoing): Promise<AckResult>
  /** Received events that were not taken yet, oldest first. */
  readonly pending: readonly Event[]
  /** Resolves with the code and reason once the socket is closed. */
  readonly closed: Promise<{ code: number; reason: string }>
  close(): void
}

const KEPT_EVENTS = 10_000

interface Waiter {
  fits(event: Event): boolean
  resolve(event: Event): void
  reject(error: Error): void
}

/** Wraps a new socket, before its first event. Await `next('ready')` before sending commands. */
export function chatSocket(raw: WebSocketLike): ChatSocket {
  const pending: Event[] = []
  const waiters = new Set<Waiter>()
  let refs = 0
  let gone: Error | null = null

  function receive(event: Event): void {
    for (const waiter of waiters) {
      if (!waiter.fits(event)) continue
      waiters.delete(waiter)
      waiter.resolve(event)
      return
    }
    pending.push(event)
    if (pending.length > KEPT_EVENTS) pending.shift()
  }

  function take(fits: (event: Event) => boolean): Promise<Event> {
    const index = pending.findIndex(fits)
    const [kept] = index === -1 ? [] : pending.splice(index, 1)
    if (kept !== undefined) return Promise.resolve(kept)
    if (gone !== null) return Promise.reject(gone)
    return new Promise((resolve, reject) => waiters.add({ fits, resolve, reject }))
  }

  const closed = new Promise<{ code: number; reason: string }>(resolve => {
    raw.addEventListener('close', ({ code, reason }) => {
      gone = new CommandFailed('closed', `the socket closed with ${code} ${reason}`)
      for (const waiter of waiters) waiter.reject(gone)
      waiters.clear()
      resolve({ code, reason })
    })
  })
  raw.addEventListener('message', ({ data }) => receive(JSON.parse(String(data))))
  raw.addEventListener('error', () => {}) // a close event follows, with the reason

  return {
    pending,
    closed,
    close: () => raw.close(1000),
    next: (type, wanted = () => true) =>
      take(event => event.type === type && wanted(event as EventOf<typeof type>)) as Promise<EventOf<typeof type>>,
    async command(command) {
      const ref = `c${++refs}`
      raw.send(JSON.stringify({ ...command, ref }))
      const answer = await take(event => (event.type === 'ack' || event.type === 'error') && event.ref === ref)
      if (answer.type === 'error') throw new CommandFailed(answer.code, answer.detail)
      return answer as AckResult
    }
  }
}
