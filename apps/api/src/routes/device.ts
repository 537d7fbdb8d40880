import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Asker } from '../services/passwords.ts'
import type { Device } from '../services/sessions.ts'

/** Where a request that begins a session comes from. */
export function deviceOf(request: FastifyRequest, reply: FastifyReply): Device {
  return { userAgent: request.headers['user-agent'] ?? '', ...askerOf(request, reply) }
}

/** Who asks by a request. Fastify's own `request.signal` aborts as soon as the body was read. */
export function askerOf({ ip }: FastifyRequest, { raw }: FastifyReply): Asker {
  const gone = new AbortController()
  raw.once('close', () => gone.abort())
  return { ip, gone: gone.signal }
}
