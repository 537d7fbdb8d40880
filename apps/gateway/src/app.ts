import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import websocket from '@fastify/websocket'
import { ApiError, type Claims, limits } from '@rendezvous/contract'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import plugin from 'fastify-plugin'
import type { WebSocket } from 'ws'
import { connect } from './connection.ts'
import { selectProtocol } from './dialect.ts'
import { openSockets } from './drain.ts'
import { type Guard, openCrowd } from './flood.ts'
import { refuseBrokenHandshake, versions } from './handshake.ts'
import { type GatewayDeps, openNode } from './node.ts'
import { isHandshake, type Listener, webSocketsOnly } from './protocols.ts'
import { admission } from './upgrade.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: 'public' | 'user'
  }
}

/** Where a socket opens: with and without the trailing slash. */
const PATHS = ['/ws/chat', '/ws/chat/'] as const

/** When a person may have closed one of his sockets: a guess. */
const SEAT_RETRY_SECONDS = 5

/**
 * Serves `GET /ws/chat`, and drains its sockets when the app closes. No other path can be upgraded. Refusals are thrown as ApiError: who builds
 * the app gives them their body.
 */
export const gatewayPlugin = plugin(gateway, { fastify: '5.x', name: '@rendezvous/gateway' })

async function gateway(app: FastifyInstance, deps: GatewayDeps): Promise<void> {
  const node = openNode(deps, app.log)
  const sockets = openSockets(node)
  const admit = admission({ ...deps, backend: node.backend, now: deps.timers.now })
  const crowd = openCrowd(deps.settings, deps.timers.now)
  const admitted = new WeakMap<FastifyRequest, Guest>()
  const otherListeners = app.server.listeners('upgrade')
  let draining = false
  let admitting = 0

  /** From now on an upgrade is a plain request to Node: it is answered, and its connection closed, like any other. */
  function stopUpgrading(): void {
    for (const listener of app.server.listeners('upgrade') as (() => void)[])
      if (!otherListeners.includes(listener)) app.server.removeListener('upgrade', listener)
  }

  async function preClose(): Promise<void> {
    draining = true
    stopUpgrading()
    await node.presence.drain()
    await sockets.drain()
    await node.close()
  }

  async function preValidation(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const isFull = sockets.size + admitting >= deps.settings.socketsMax
    if (draining || isFull) throw new ApiError('unavailable', { retryAfter: 1 })
    if (!request.ws) throw new ApiError('not_found')
    void reply.header('sec-websocket-version', versions.join(', '))
    refuseBrokenHandshake(request.headers)
    admitting += 1
    try {
      const claims = await admit(request)
      const guard = crowd.enter(claims.userId)
      if (guard === null) throw new ApiError('too_many_sockets', { retryAfter: SEAT_RETRY_SECONDS })
      const turnBack = () => guard.leave()
      reply.raw.socket?.once('close', turnBack)
      admitted.set(request, { claims, guard, response: reply.raw, turnBack })
    } finally {
      admitting -= 1 // its socket opens, and counts, in this same turn of the event loop
    }
  }

  await app.register(websocket, {
    options: {
      maxPayload: limits.frameBytes,
      maxFragments: limits.frameFragments,
      autoPong: false, // ours are counted, and ws would cut who sends many without a word
      perMessageDeflate: false,
      clientTracking: false,
      handleProtocols: selectProtocol
    },
    preClose: done => void preClose().then(() => done(), done)
  })

  const handshakes = (app.server.listeners('upgrade') as Listener[]).filter(one => !otherListeners.includes(one))
  for (const listener of handshakes) app.server.removeListener('upgrade', listener)
  app.server.on('upgrade', webSocketsOnly(app.server, PATHS, handshakes))

  app.addHook('onRequest', async (request, reply) => {
    if (isHandshake(request.raw, PATHS)) void reply.header('connection', 'close') // a proxy must not keep it for another request
  })
  app.addHook('onResponse', async ({ raw }) => {
    // Node no longer watches the connection of an upgrade that was refused, and @fastify/websocket ends it only if the refusal came after its own hook
    if (isHandshake(raw, PATHS)) raw.socket.destroy()
  })

  // a context of its own, since @fastify/websocket sees only routes that are added after it has loaded
  await app.register(async scope => {
    for (const url of routes(app))
      scope.get(url, { websocket: true, config: { access: 'public' }, preValidation }, (socket, request) => {
        const guest = admitted.get(request)
        if (guest === undefined) return socket.terminate()
        const { claims, guard } = guest // by themselves, since `guest` would be held by what ends the connection
        const stream = guest.response.socket // an injected request has none of its own
        if (stream === null) return socket.terminate()
        letGo(socket, stream, guest)
        const connection = connect({ socket, stream, claims, guard }, node, sockets.delete)
        sockets.add(connection)
        if (draining) connection.sendAway(0)
      })
  })
}

/** Who was let in: who he is, what he may do, the response that the upgrade did without, and what is due when it comes to nothing. */
interface Guest {
  readonly claims: Claims
  readonly guard: Guard
  readonly response: ServerResponse
  readonly turnBack: () => void
}

/** Takes from a new socket what would hold its request, headers and all, for as long as it lives: half of what an idle socket takes. */
function letGo(socket: WebSocket, stream: Socket, { response, turnBack }: Guest): void {
  socket.removeAllListeners('error') // the plugin's, which only logs; who serves the socket listens for himself
  response.detachSocket(stream)
  stream.off('close', turnBack) // who serves the socket gives the seat back
}

/** The paths to name to the router: one is enough where it ignores the slash itself. */
function routes(app: FastifyInstance): readonly string[] {
  const ignoresSlash = app.initialConfig.routerOptions?.ignoreTrailingSlash ?? false
  return ignoresSlash ? PATHS.slice(0, 1) : PATHS
}
