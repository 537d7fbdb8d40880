import type { UserId } from '@rendezvous/contract'

/** The networks from which users have signed in. */
export interface Addresses {
  /** Whether a recent session of the user, active or ended, started in `network` (see `networkOf`). False for a
   *  null `userId`. */
  knows(userId: UserId | null, network: string): Promise<boolean>
}
