/** How much is done: enough for figures, or just enough to see that it runs. */
export interface Plan {
  /** Rounds that are measured, after some in which V8 comes to compile what runs often. */
  readonly rounds: number
  readonly warming: number
  readonly deliveries: {
    /** Rooms of 10, events a second over all of them; events a second in a room of `large`. */
    readonly rooms: number
    readonly perSecond: number
    readonly large: number
    readonly largePerSecond: number
    readonly ms: number
  }
  /** As deliveries, each sent over HTTP and stored, with rounds of its own. */
  readonly dialects: Plan['deliveries'] & Pick<Plan, 'rounds' | 'warming'>
  readonly handshakes: { readonly sockets: number; readonly perSecond: number }
  readonly memory: {
    /** Sockets at which memory is looked at. */
    readonly steps: readonly number[]
    /** How often as many as in the first step come and go before. */
    readonly waves: number
    /** How often the whole is repeated with new processes. */
    readonly repeats: number
    readonly perSecond: number
  }
  readonly sends: { readonly conversations: number; readonly sends: number; readonly connections: number }
  /** Sends at a rate far below what either carries, for so long a round. */
  readonly delay: { readonly conversations: number; readonly perSecond: number; readonly ms: number }
}

/** What figures are made of. */
export const full: Plan = {
  rounds: 7,
  warming: 4,
  deliveries: { rooms: 100, perSecond: 1_000, large: 1_000, largePerSecond: 20, ms: 3_000 },
  dialects: { rounds: 5, warming: 2, rooms: 100, perSecond: 1_000, large: 1_000, largePerSecond: 10, ms: 2_000 },
  handshakes: { sockets: 500, perSecond: 250 },
  memory: { steps: [1_000, 2_000, 3_000, 4_000, 5_000], waves: 3, repeats: 3, perSecond: 1_000 },
  sends: { conversations: 1_000, sends: 5_000, connections: 64 },
  delay: { conversations: 200, perSecond: 300, ms: 3_000 }
}

/** A smoke run: what it prints says nothing but that everything runs. */
export const quick: Plan = {
  rounds: 1,
  warming: 1,
  deliveries: { rooms: 2, perSecond: 100, large: 50, largePerSecond: 20, ms: 200 },
  dialects: { rounds: 1, warming: 0, rooms: 2, perSecond: 20, large: 50, largePerSecond: 10, ms: 500 },
  handshakes: { sockets: 20, perSecond: 1_000 },
  memory: { steps: [20, 60, 100], waves: 1, repeats: 1, perSecond: 1_000 },
  sends: { conversations: 20, sends: 100, connections: 8 },
  delay: { conversations: 20, perSecond: 100, ms: 300 }
}
