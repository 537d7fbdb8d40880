import type { Claims } from '@rendezvous/contract'

/** The claims of the access token with which a ticket was issued. */
export type TicketClaims = Claims

/** One-time tickets that replace an access token where credentials can only be sent in a URL. */
export interface Tickets {
  /** A new ticket that any node can redeem once within `ttlMs`: 256 random bits as 43 URL-safe characters.
   *  @throws ClusterError `full` at the bound of the store, `unreachable` when the shared store does not answer. */
  issue(claims: TicketClaims, ttlMs: number): Promise<string>
  /** The claims of the ticket, for exactly one caller in the cluster. Null when it was redeemed, expired or never
   *  issued. The caller must check whether the claims are still valid (`expiresAt`, the session).
   *  @throws ClusterError `unreachable` when the shared store does not answer. */
  redeem(ticket: string): Promise<TicketClaims | null>
}
