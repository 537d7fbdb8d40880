import type { Writable } from 'node:stream'
import { type Claims, type CloseCode, closeCodes, conversationStream } from '@rendezvous/contract'
import type { WebSocket } from 'ws'
import { closing } from './closing.ts'
import { dialectOf } from './dialect.ts'
import type { Guard } from './flood.ts'
import { heartbeat } from './heartbeat.ts'
import type { Member } from './hub.ts'
import { intake } from './intake.ts'
import { joined, type Lapse, lapseOf } from './lapse.ts'
import type { Node } from './node.ts'
import type { Frame } from './outgoing.ts'
import { openOutlet } from './outlet.ts'
import { place, type Welcome } from './place.ts'
import { type Guest, RETRY_MS } from './room.ts'

/** Frames that wait while a socket connects, at most, and their bytes as with a slow consumer; then the client is better off connecting anew. */
const BUFFERED_MAX = 1_000
/** Close codes from here on tell a client that it has lost its right to be here. */
const FINAL = 4500

/** One socket, from the upgrade to its end. */
export interface Connection {
  /** Tells the client to come back after `afterMs`, as far as it listens to that, and closes. */
  sendAway(afterMs: number): void
  /** Cuts the connection, without a word. */
  cut(): void
}

/** `connecting` until `ready` was sent, `closed` from the moment this side decided or learnt that it ends. */
type State = 'connecting' | 'ready' | 'closed'

/**
 * Serves `socket` for who `claims` say. Call it synchronously once the upgrade is done. `stream` is the TCP connection beneath.
 * `ended` is called once, when the socket needs nothing of this node any more. Long because it is the state of one socket.
 */
export function connect(
  { socket, stream, claims, guard }: { socket: WebSocket; stream: Writable; claims: Claims; guard: Guard },
  node: Node,
  ended: () => void
): Connection {
  const { settings, timers, deliveries, voice } = node
  const { userId } = claims
  const dialect = dialectOf(socket.protocol)
  const buffered: Frame[] = []
  let bufferedBytes = 0
  let state: State = 'connecting'
  let cancelRenewal: (() => void) | null = null
  /** What an interruption cost is not known yet. */
  let lapse: Lapse | null = null

  const outlet = openOutlet({
    socket,
    stream,
    maxBuffered: settings.slowConsumerBytes,
    onSlow: () => endWith(closeCodes.slowConsumer)
  })
  const closer = closing({ socket, timers, timeoutMs: settings.closeTimeoutMs })
  const pulse = heartbeat({
    timers,
    intervalMs: settings.heartbeatIntervalMs,
    timeoutMs: settings.heartbeatTimeoutMs,
    ping: () => socket.ping(),
    dead: () => endWith(closeCodes.heartbeatTimeout)
  })
  const reader = intake({
    claims,
    node,
    guard,
    send: frame => outlet.send(frame),
    onTooMany: () => endWith(closeCodes.badFrames),
    onFlood: () => endWith(closeCodes.flooding)
  })
  const cancelConnecting = timers.after(settings.connectTimeoutMs, () => endWith(closeCodes.unavailable))
  let cancelExpiry = timers.after(claims.expiresAt - timers.now(), expire)

  const member: Member & Guest = {
    userId,
    receive(frames) {
      if (state === 'ready') for (const frame of frames) write(frame)
      else if (state === 'connecting') buffer(frames)
    },
    control({ user_id, end_sessions, spare, code }) {
      if (user_id !== userId || claims.tokenId === spare) return
      if (end_sessions === 'all' || end_sessions.includes(claims.sessionId)) endWith(closeCodeOf(code))
    },
    moved(frame) {
      seat.moved(frame).catch(error => {
        if (!isClosed()) node.log(error, 'a room could not be entered')
        endWith(closeCodes.unavailable)
      })
    },
    resync(conversationId) {
      if (state === 'ready') outlet.send(voice.resync(conversationStream(conversationId))) // before, it will fetch everything anyway
    },
    interrupted(losses) {
      lapse = joined(lapse, lapseOf(losses, timers.elapsed()))
      if (state === 'ready') renewSoon()
    }
  }

  const seat = place(member, claims, node)

  function renewSoon(): void {
    cancelRenewal ??= timers.after(node.random() * settings.resyncSpreadMs, () => renew(true))
  }

  /** The end of the session, rooms that the person came into and who came online may be among what was lost. While the api cannot be asked the
   *  client is told once. */
  function renew(isFirst: boolean): void {
    const asked = lapse
    cancelRenewal = null
    lapse = null
    if (asked === null) return
    seat.renew(asked).then(
      renewal => {
        if (renewal === null) return
        if (!renewal.alive) return endWith(closeCodes.sessionEnded)
        outlet.send(voice.snapshot([...renewal.online]))
        for (const stream of renewal.lost ?? [null]) outlet.send(voice.resync(stream))
      },
      error => {
        if (isClosed()) return
        node.log(error, 'what an interruption cost could not be asked')
        lapse = joined(asked, lapse)
        cancelRenewal ??= timers.after(RETRY_MS, () => renew(false))
        if (isFirst) outlet.send(voice.resync(null))
      }
    )
  }

  function expire(): void {
    if (claims.expiresAt <= timers.now()) endWith(closeCodes.tokenExpired)
    else cancelExpiry = timers.after(claims.expiresAt - timers.now(), expire)
  }

  function buffer(frames: readonly Frame[]): void {
    for (const frame of frames) {
      buffered.push(frame)
      bufferedBytes += frame.bytes.length
    }
    if (buffered.length > BUFFERED_MAX || bufferedBytes > settings.slowConsumerBytes) endWith(closeCodes.slowConsumer)
  }

  function write({ bytes, message }: Frame): void {
    if (message === null || message.sender === userId || dialect !== 'legacy') outlet.send(bytes)
    else
      outlet.send(bytes, () => deliveries.report({ userId, conversationId: message.conversationId, seq: message.seq }))
  }

  async function open(): Promise<void> {
    const welcome = await seat.take()
    if (welcome === null) return
    if (welcome.alive) start(welcome)
    else endWith(closeCodes.sessionEnded)
  }

  function start({ online, head }: Welcome): void {
    state = 'ready'
    cancelConnecting()
    outlet.send(voice.snapshot([...online]))
    const heartbeatMs = settings.heartbeatIntervalMs
    outlet.send(
      voice.ready({ user_id: userId, session_id: claims.sessionId, dialect, heartbeat_ms: heartbeatMs, head })
    )
    for (const frame of buffered.splice(0)) write(frame)
    if (lapse !== null) renewSoon()
    socket.resume()
    if (dialect === 'legacy')
      node.backend
        .deliverWaiting(userId)
        .catch(error => node.log(error, 'what waited could not be counted as delivered'))
  }

  function isClosed(): boolean {
    return state === 'closed'
  }

  function endWith(code: CloseCode): void {
    if (isClosed()) return
    dismantle()
    if (code.code >= FINAL || code === closeCodes.tokenExpired) reader.stop()
    outlet.flush()
    closer.close(code)
  }

  /** Lets go of everything but the TCP connection, and the commands that were taken. */
  function dismantle(): void {
    if (isClosed()) return
    state = 'closed'
    buffered.length = 0
    for (const cancel of [cancelConnecting, cancelExpiry, cancelRenewal]) cancel?.()
    pulse.stop()
    seat.release()
  }

  socket.on('message', (data: Buffer, isBinary) => isClosed() || reader.read(data, isBinary))
  socket.on('ping', data => {
    const isHeard = !isClosed() && reader.control() && socket.bufferedAmount <= settings.slowConsumerBytes
    if (isHeard) socket.pong(data)
  })
  socket.on('pong', () => {
    pulse.pong()
    if (!isClosed()) reader.control()
  })
  socket.on('error', error => {
    node.debug(error, 'a socket broke off')
    dismantle()
    closer.expectEnd() // ws answers what broke its rules with a close frame of its own
  })
  socket.on('close', () => {
    dismantle()
    closer.ended()
    ended()
  })
  socket.pause() // what the client says before `ready` waits in the TCP connection, which bounds it
  open().catch(error => {
    if (!isClosed()) node.log(error, 'a socket could not be opened')
    endWith(closeCodes.unavailable)
  })

  return {
    sendAway(afterMs) {
      outlet.send(voice.reconnect(afterMs))
      endWith(closeCodes.draining)
    },
    cut: () => socket.terminate()
  }
}

function closeCodeOf(code: number): CloseCode {
  const known = Object.values(closeCodes).find(each => each.code === code)
  return known ?? { code, reason: '', description: '' }
}
