import { randomBytes } from 'node:crypto'
import { full } from '../error.ts'
import type { TicketClaims, Tickets } from '../tickets.ts'
import type { MemoryWire } from './wire.ts'

/** Tickets on `wire`. */
export function memoryTickets(wire: MemoryWire): Tickets {
  function dropExpired(): void {
    const { tickets } = wire.reach()
    for (const [ticket, { expiresAt }] of tickets) if (expiresAt <= wire.clock()) tickets.delete(ticket)
  }

  return {
    async issue(claims, ttlMs) {
      const { tickets } = wire.reach()
      if (tickets.size >= wire.bounds.tickets) dropExpired()
      if (tickets.size >= wire.bounds.tickets) throw full('ticket')

      const ticket = randomBytes(32).toString('base64url')
      tickets.set(ticket, { claims: JSON.stringify(claims), expiresAt: wire.clock() + ttlMs })
      return ticket
    },
    async redeem(ticket) {
      const { tickets } = wire.reach()
      const found = tickets.get(ticket)
      tickets.delete(ticket)
      if (found === undefined || found.expiresAt <= wire.clock()) return null
      return JSON.parse(found.claims) as TicketClaims
    }
  }
}
