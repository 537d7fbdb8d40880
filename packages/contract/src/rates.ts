/** A rate limit: `limit` uses in a burst, refilled evenly over `windowMs`. `by` says which uses are counted
 *  together. */
export interface RateKind {
  readonly by: 'account' | 'address' | 'session' | 'socket' | 'account and network' | 'account name'
  readonly limit: number
  readonly windowMs: number
  readonly description: string
}

/**
 * The default rates of requests, by limit class; an operator overrides one with `RATE_<CLASS>`. A route without a class
 * has `public` if it needs no account, else `read` for GET and HEAD and `write` for other methods. A command counts in
 * the class of the route that does the same (`commandClasses`). The rates keep one client from crowding out all others;
 * a busy client stays well below them. IPv6 addresses are counted by their /64 network.
 */
export const rates = Object.freeze({
  /** 200 a second: more than all devices of one user need, and a hundredth of what a node can answer. */
  read: { by: 'account', limit: 2_000, windowMs: 10_000, description: 'Reading while signed in' },
  /** The same as `read`: a bot that relays a busy room sends tens of messages a second. */
  write: {
    by: 'account',
    limit: 2_000,
    windowMs: 10_000,
    description: 'Sending and changing, over HTTP and the socket'
  },
  /** A search costs the database a hundred times as much as a read. A user types at most ten characters a second. */
  search: { by: 'account', limit: 500, windowMs: 10_000, description: 'Searching' },
  /** A page shows up to 50 people, so this bounds how fast the list of users is copied. A client that asks while its
   *  user types waits for a pause. */
  people: { by: 'account', limit: 100, windowMs: 60_000, description: 'Finding people' },
  /** A client syncs once per connection and once per gap. An answer has up to half a megabyte. */
  sync: { by: 'account', limit: 500, windowMs: 10_000, description: 'Syncing, over HTTP and the socket' },
  /** Half the rate of one signed-in user, though many users can share the address of one network provider. */
  public: {
    by: 'address',
    limit: 1_000,
    windowMs: 10_000,
    description: 'Requests that need no account, and those refused because they had none'
  },
  /** Two cores cannot check this many passwords: one takes 25 ms. Failures have limits of their own
   *  (`failureRates`). */
  login: { by: 'address', limit: 1_000, windowMs: 20_000, description: 'Signing in' },
  /** The burst admits a school class or a load test at once. The cost of hashing bounds what follows. */
  register: { by: 'address', limit: 2_000, windowMs: 100_000, description: 'Creating accounts' }
} satisfies Record<string, RateKind>)

/** The limit class of a route, or of a command. */
export type RateClass = keyof typeof rates

/** The limiter's key for a class and a `subject`: a user id or a network. HTTP and socket use the same key. */
export function rateKey(name: string, subject: number | string): string {
  return `${name}:${subject}`
}

/**
 * How often wrong passwords are accepted. The failure that uses up a limit, and every attempt after it, is answered
 * with 429. A correct password does not count. ADR 10 has the reasons.
 */
export const failureRates = Object.freeze({
  /** Twenty attempts are more than a forgetful user makes. One every 30 s after that is 2,900 a day. */
  account: {
    by: 'account and network',
    limit: 20,
    windowMs: 600_000,
    description: 'Wrong passwords for one account from one address'
  },
  /** Bounds attempts of one password on many accounts, and leaves room for the typing errors of an office. */
  address: {
    by: 'address',
    limit: 1_000,
    windowMs: 600_000,
    description: 'Wrong passwords from one address, for any account'
  },
  /** Bounds guessing from many addresses. It does not count attempts from an address that signed in before. */
  strangers: {
    by: 'account name',
    limit: 200,
    windowMs: 3_600_000,
    description: 'Wrong passwords for one account from all addresses it has never signed in from'
  },
  /** A stolen access token must not help to guess the password. */
  change: {
    by: 'session',
    limit: 20,
    windowMs: 600_000,
    description: 'Wrong current passwords in password changes'
  }
} satisfies Record<string, RateKind>)

/** The limit for each kind of wrong password; null for none. */
export type FailureRates = Readonly<
  Record<keyof typeof failureRates, { readonly limit: number; readonly windowMs: number } | null>
>

/** The default rates of sockets and their frames at a gateway. */
export const socketRates = Object.freeze({
  /** After a restart, all clients behind one address reconnect at once. */
  upgradesByAddress: { by: 'address', limit: 10_000, windowMs: 20_000, description: 'Opening sockets' },
  /** All devices of a user may reconnect ten times in a row, then ten times a second. */
  upgradesByAccount: { by: 'account', limit: 200, windowMs: 20_000, description: 'Opening sockets' },
  /** A client that waits for acks stays below this. Typing and receipts are a few frames a second. */
  framesBySocket: {
    by: 'socket',
    limit: 500,
    windowMs: 5_000,
    description: 'Frames of one socket, including WebSocket pings'
  },
  /** Four busy sockets. */
  framesByAccount: {
    by: 'account',
    limit: 2_000,
    windowMs: 5_000,
    description: 'Frames of all sockets of a user on one node'
  },
  /** How many refused frames are answered with `throttled` before the socket closes with 4429. */
  refusedFrames: { by: 'socket', limit: 100, windowMs: 10_000, description: 'Refused frames of one socket' }
} satisfies Record<string, RateKind>)
