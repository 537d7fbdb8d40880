/** How much of something may be done: `limit` in any burst, refilled evenly over `windowMs`; `by` says whose uses are counted together. */
export interface RateKind {
  readonly by: 'account' | 'address' | 'session' | 'socket' | 'account and network' | 'account name'
  readonly limit: number
  readonly windowMs: number
  readonly description: string
}

/**
 * The rates of requests, by the limit class of their route: what holds unless an operator sets `RATE_<CLASS>`. A route that names no class
 * has `public` when anybody may call it, else `read` for GET and HEAD, `write` for other methods; a command counts in the class of the route
 * that does the same (`commandClasses`). They are there to keep one client from
 * taking the place of all others, not to price use: a busy client stays well below them. An IPv6 address counts by its /64.
 */
export const rates = Object.freeze({
  /** 200 a second is more than a screenful of clients of one person ask for, and a hundredth of what a node answers. */
  read: { by: 'account', limit: 2_000, windowMs: 10_000, description: 'Reading, signed in' },
  /** The same: a bot that relays a busy room sends tens a second. */
  write: {
    by: 'account',
    limit: 2_000,
    windowMs: 10_000,
    description: 'Sending and changing, over HTTP and the socket'
  },
  /** A search costs the database a hundred times a read; a person types ten characters a second at most. */
  search: { by: 'account', limit: 500, windowMs: 10_000, description: 'Searching' },
  /** A client syncs once a connection and once a gap; an answer is up to half a megabyte. */
  sync: { by: 'account', limit: 500, windowMs: 10_000, description: 'Syncing, over HTTP and the socket' },
  /** Everybody behind one provider's gateway shares an address: half of what one person may do signed in. */
  public: {
    by: 'address',
    limit: 1_000,
    windowMs: 10_000,
    description: 'What needs no account, and what was refused for lack of one'
  },
  /** Checking a password takes 25 ms of a core, so two cores do fewer than this; failures have limits of their own. */
  login: { by: 'address', limit: 1_000, windowMs: 20_000, description: 'Signing in' },
  /** The burst seats a school class or a load test at once; what follows is bounded by the cost of hashing anyway. */
  register: { by: 'address', limit: 2_000, windowMs: 100_000, description: 'Making accounts' }
} satisfies Record<string, RateKind>)

/** The limit class of a route, or of a command. */
export type RateClass = keyof typeof rates

/** The key that uses of a class are counted under, whether they come over HTTP or the socket. `who`: a person's id, or a network. */
export function rateKey(name: string, who: number | string): string {
  return `${name}:${who}`
}

/**
 * How often a wrong password may be given. What answers is the failure that uses a budget up, and everything after it, with 429; what is
 * given right costs nothing. Reasons in ADR 10.
 */
export const failureRates = Object.freeze({
  /** Twenty tries are more than a forgetful person makes; one every 30 s from then on makes 2,900 a day. */
  account: {
    by: 'account and network',
    limit: 20,
    windowMs: 600_000,
    description: 'Wrong passwords for one account from one address'
  },
  /** Bounds trying one password on many accounts, and leaves an office its typos. */
  address: {
    by: 'address',
    limit: 1_000,
    windowMs: 600_000,
    description: 'Wrong passwords from one address, for any account'
  },
  /** Bounds guessing from many addresses. Who signed in from his address before is not touched by it. */
  strangers: {
    by: 'account name',
    limit: 200,
    windowMs: 3_600_000,
    description: 'Wrong passwords for one account from all addresses it has never signed in from'
  },
  /** Who holds an access token is not yet who knows the password. */
  change: {
    by: 'session',
    limit: 20,
    windowMs: 600_000,
    description: 'Wrong current passwords when changing it'
  }
} satisfies Record<string, RateKind>)

/** The rate of each kind of wrong password; null for no limit. */
export type FailureRates = Readonly<
  Record<keyof typeof failureRates, { readonly limit: number; readonly windowMs: number } | null>
>

/** The rates of sockets at the gateway, by what they count. */
export const socketRates = Object.freeze({
  /** A reconnect after a restart brings everybody behind one address at once. */
  upgradesByAddress: { by: 'address', limit: 10_000, windowMs: 20_000, description: 'Opening sockets' },
  /** All of a person's devices reconnecting ten times in a row, then ten a second. */
  upgradesByAccount: { by: 'account', limit: 200, windowMs: 20_000, description: 'Opening sockets' },
  /** Who waits for his acks gets through what he wants; typing and receipts are a few a second. */
  framesBySocket: {
    by: 'socket',
    limit: 500,
    windowMs: 5_000,
    description: 'Frames of one socket, pings of the protocol included'
  },
  /** Four busy sockets. */
  framesByAccount: {
    by: 'account',
    limit: 2_000,
    windowMs: 5_000,
    description: 'Frames of all sockets of a person on one node'
  },
  /** How many refused frames are answered with `throttled` before the socket closes with 4429. */
  refusedFrames: { by: 'socket', limit: 100, windowMs: 10_000, description: 'Frames sent in spite of `throttled`' }
} satisfies Record<string, RateKind>)
