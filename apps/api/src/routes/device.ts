import type { FastifyRequest } from 'fastify'
import type { Device } from '../services/sessions.ts'

/** Where a request that begins a session comes from. */
export function deviceOf(request: FastifyRequest): Device {
  return { userAgent: request.headers['user-agent'] ?? '', ip: request.ip }
}
