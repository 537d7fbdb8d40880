import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { buildServer } from '@rendezvous/api'
import { ApiError } from '@rendezvous/contract'

type App = ReturnType<typeof buildServer>

const RETRY_AFTER_S = 1

/** A port that this process listens on, and that answers 503 until `serve`. */
export interface BoundPort {
  /** The address to print. */
  readonly url: string
  /** Lets `app` answer from now on. It closes the port when it closes. `app` must not listen itself. */
  serve(app: App): Promise<void>
}

/** Listens on `host` and `port`; on each address of the name when `host` is `localhost`. `/livez` is answered with 200
 *  until an app serves, and everything else with a problem body of status 503.
 *  @throws the error of `listen`, which `failureText` explains */
export async function bindPort({ host, port }: { readonly host: string; readonly port: number }): Promise<BoundPort> {
  const starting = startingApp()
  await starting.ready()
  let current: Server = starting.server
  await listening(current.listen({ host, port }))
  const bound = current.address() as AddressInfo
  const others = host === 'localhost' ? await bindOthers(bound, socket => current.emit('connection', socket)) : []
  return {
    url: urlOf(bound),
    async serve(app) {
      await app.ready()
      await listening(app.server.listen(starting.server)) // it takes over the socket: no connection is refused
      current = app.server
      app.server.once('close', () => {
        starting.server.closeAllConnections()
        for (const other of others) other.close()
      })
    }
  }
}

function startingApp(): App {
  const app = buildServer()
  app.get('/livez', async (_request, reply) => reply.header('connection', 'close').send({ status: 'ok' }))
  app.setNotFoundHandler(async (_request, reply) => {
    void reply.header('connection', 'close') // the next request goes to the app that serves by then
    throw new ApiError('unavailable', {
      detail: 'The server is starting. Try again in a moment.',
      retryAfter: RETRY_AFTER_S
    })
  })
  return app
}

/** Listens on the other addresses of `localhost`, as far as they are free. */
async function bindOthers({ address, port }: AddressInfo, accept: (socket: object) => void): Promise<Server[]> {
  const found = await lookup('localhost', { all: true })
  const servers = found
    .filter(other => other.address !== address)
    .map(async other => {
      const server = createServer(accept)
      return listening(server.listen({ host: other.address, port })).then(
        () => server,
        () => null
      )
    })
  return (await Promise.all(servers)).filter(server => server !== null)
}

async function listening(server: Server): Promise<void> {
  await once(server, 'listening')
}

function urlOf({ address, family, port }: AddressInfo): string {
  const host = { '0.0.0.0': '127.0.0.1', '::': '::1' }[address] ?? address
  return `http://${family === 'IPv6' ? `[${host}]` : host}:${port}`
}
