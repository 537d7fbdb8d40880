import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import websocket from '@fastify/websocket'
import { ApiError, type Claims, limits } from '@rendezvous/contract'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import plugin from 'fastify-plugin'
import type { WebSocket } from 'ws'
import { type GatewayDeps, openNode } from './node.ts'
import { connect } from './socket/connection.ts'
import { selectProtocol } from './socket/dialect.ts'
import { openSockets } from './socket/drain.ts'
import { admission } from './upgrade/admission.ts'
import { refuseBrokenHandshake, versions } from './upgrade/handshake.ts'
import { isHandshake, type UpgradeListener, webSocketsOnly } from './upgrade/protocols.ts'
import { openQuotas, type SocketQuota } from './upgrade/quota.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: 'public' | 'user'
  }
}

/** The paths at which a socket opens, with and without the trailing slash. */
const PATHS = ['/ws/chat', '/ws/chat/'] as const

/** When a user with too many sockets should try again: a guess, since it is unknown when they close one. */
const QUOTA_RETRY_SECONDS = 5

/**
 * Serves `GET /ws/chat`, and drains its sockets when the app closes. No other path can be upgraded. Refusals are thrown
 * as ApiError, whose body the app's error handler makes.
 */
export const gatewayPlugin = plugin(gateway, { fastify: '5.x', name: '@rendezvous/gateway' })

async function gateway(app: FastifyInstance, deps: GatewayDeps): Promise<void> {
  const node = openNode(deps, app.log)
  const sockets = openSockets(node)
  const admit = admission({ ...deps, backend: node.backend, now: deps.timers.now })
  const quotas = openQuotas(deps.settings, deps.timers.now)
  const admitted = new WeakMap<FastifyRequest, Admitted>()
  const otherListeners = app.server.listeners('upgrade')
  let draining = false
  let admitting = 0

  /** Makes Node treat a further upgrade as a plain request: it is answered, and its connection is closed. */
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
      const quota = quotas.open(claims.userId)
      if (quota === null) throw new ApiError('too_many_sockets', { retryAfter: QUOTA_RETRY_SECONDS })
      const release = () => quota.release()
      reply.raw.socket?.once('close', release)
      admitted.set(request, { claims, quota, response: reply.raw, release })
    } finally {
      admitting -= 1 // the socket opens and counts in this same turn of the event loop
    }
  }

  await app.register(websocket, {
    options: {
      maxPayload: limits.frameBytes,
      maxFragments: limits.frameFragments,
      autoPong: false, // pongs are sent and counted by us: ws would cut a flooding client without a close code
      perMessageDeflate: false,
      clientTracking: false,
      handleProtocols: selectProtocol
    },
    preClose: done => void preClose().then(() => done(), done)
  })

  const handshakes = (app.server.listeners('upgrade') as UpgradeListener[]).filter(one => !otherListeners.includes(one))
  for (const listener of handshakes) app.server.removeListener('upgrade', listener)
  app.server.on('upgrade', webSocketsOnly(app.server, PATHS, handshakes))

  app.addHook('onRequest', async (request, reply) => {
    // a proxy must not reuse this connection for another request
    if (isHandshake(request.raw, PATHS)) void reply.header('connection', 'close')
  })
  app.addHook('onResponse', async ({ raw }) => {
    // Node no longer handles the connection of a refused upgrade. @fastify/websocket ends it only when the refusal came
    // after its own hook.
    if (isHandshake(raw, PATHS)) raw.socket.destroy()
  })

  // a context of its own, since @fastify/websocket sees only routes that are added after it loaded
  await app.register(async scope => {
    for (const url of routes(app))
      scope.get(url, { websocket: true, config: { access: 'public' }, preValidation }, (socket, request) => {
        const entry = admitted.get(request)
        if (entry === undefined) return socket.terminate()
        const { claims, quota } = entry // copied, so that the connection does not keep `entry` in memory
        const stream = entry.response.socket // an injected request has no socket of its own
        if (stream === null) return socket.terminate()
        detachRequest(socket, stream, entry)
        const connection = connect({ socket, stream, claims, quota }, node, sockets.delete)
        sockets.add(connection)
        if (draining) connection.disconnect(0)
      })
  })
}

/** An admitted upgrade. `response` is not used for an answer. `release` gives the quota back if no socket opens. */
interface Admitted {
  readonly claims: Claims
  readonly quota: SocketQuota
  readonly response: ServerResponse
  readonly release: () => void
}

/** Removes the references from a new socket to its request and headers, which take half of an idle socket's memory. */
function detachRequest(socket: WebSocket, stream: Socket, { response, release }: Admitted): void {
  socket.removeAllListeners('error') // the plugin's listener only logs; the connection adds its own
  response.detachSocket(stream)
  stream.off('close', release) // the connection releases the quota
}

/** The paths to register. One is enough when the router ignores the trailing slash. */
function routes(app: FastifyInstance): readonly string[] {
  const ignoresSlash = app.initialConfig.routerOptions?.ignoreTrailingSlash ?? false
  return ignoresSlash ? PATHS.slice(0, 1) : PATHS
}
