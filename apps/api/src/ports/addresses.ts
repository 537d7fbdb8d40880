import type { UserId } from '@rendezvous/contract'

/** Where people have signed in from. */
export interface Addresses {
  /** Whether one of the person's recent sessions, ended ones included, began at `network`, as `networkOf` names it. False when nobody is named. */
  knows(userId: UserId | null, network: string): Promise<boolean>
}
