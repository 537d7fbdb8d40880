import { visibleName } from '@rendezvous/contract'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Requester } from '../passwords/service.ts'
import type { Device } from './service.ts'

/** The device that a request comes from. Its name has visible characters only. */
export function deviceOf(request: FastifyRequest, reply: FastifyReply): Device {
  return { userAgent: visibleName(request.headers['user-agent'] ?? ''), ...requesterOf(request, reply) }
}

/** The requester of a request. Its signal aborts when the connection closes; Fastify's `request.signal` aborts
 *  after the body. */
export function requesterOf({ ip }: FastifyRequest, { raw }: FastifyReply): Requester {
  const closed = new AbortController()
  raw.once('close', () => closed.abort())
  return { ip, signal: closed.signal }
}
