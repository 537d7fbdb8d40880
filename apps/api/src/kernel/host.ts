import { ApiError } from '@rendezvous/contract'
import type { FastifyInstance, FastifyRequest } from 'fastify'

declare module 'fastify' {
  interface FastifyInstance {
    /** The origin that clients reach this server at, as PUBLIC_URL names it; '' when it is not set. */
    publicOrigin: string
  }
}

/** A name, an IPv4 address or a bracketed IPv6 address, with or without a port. Django accepts these too, and no `_`. */
const HOST = /^(?:[a-z0-9](?:[a-z0-9._-]{0,253}[a-z0-9.])?|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/i

/** The error for a request whose host or protocol cannot stand in an address, else null. Both come from a trusted proxy
 *  if it sends them. A request of HTTP/1.0 needs no host. */
export function hostError(request: FastifyRequest): ApiError | null {
  const { host: sent } = request.raw.headers
  if (sent === undefined && request.raw.httpVersion === '1.0') return null
  for (const host of new Set([sent ?? '', request.host]))
    if (!HOST.test(host)) return new ApiError('parse_error', { detail: 'The Host header is malformed.' })
  if (request.protocol === 'http' || request.protocol === 'https') return null
  return new ApiError('parse_error', { detail: 'X-Forwarded-Proto must be http or https.' })
}

/** Lets `ownAddress` write `publicOrigin`, such as `https://chat.example`, instead of what each request names. */
export function setPublicOrigin(app: FastifyInstance, publicOrigin = ''): void {
  app.decorate('publicOrigin', publicOrigin)
}

/** `path` as an absolute address of this server. Relative when neither the request nor a setting names a host. */
export function ownAddress({ server, raw, protocol, host }: FastifyRequest, path: string): string {
  if (server.publicOrigin !== '') return server.publicOrigin + path
  return raw.headers.host === undefined ? path : `${protocol}://${host}${path}`
}
