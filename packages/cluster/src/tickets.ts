import type { Claims } from '@rendezvous/contract'

/** What a ticket stands for: the claims of the access token it was made with. */
export type TicketClaims = Claims

/** One-time stand-ins for an access token, for where a URL is the only place to put one. */
export interface Tickets {
  /** A new ticket that can be redeemed once within `ttlMs`, on any node: 256 random bits as 43 characters that are safe in a URL.
   *  @throws ClusterError `full` when no more tickets fit, `unreachable` when the shared store cannot be reached. */
  issue(claims: TicketClaims, ttlMs: number): Promise<string>
  /** The claims, to exactly one caller cluster-wide; null when the ticket was redeemed, ran out, was never issued, or is no ticket at all.
   *  Whether the claims themselves still hold (`expiresAt`, the session) is the caller's to check.
   *  @throws ClusterError `unreachable` when the shared store cannot be reached. */
  redeem(ticket: string): Promise<TicketClaims | null>
}
