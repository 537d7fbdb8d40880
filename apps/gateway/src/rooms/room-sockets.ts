import type { Seq } from '@rendezvous/contract'

const NONE: readonly [] = []

/** The sockets of one room, each with its `memberAsOf`: see `Room`.
 *  Most rooms hold one socket of this node, for which a Map would take 180 bytes.
 *  Sockets may be added and removed during an iteration, as with a Map. */
export class RoomSockets<Socket extends object> {
  /** Null when empty, or when `#many` holds the sockets. */
  #only: Socket | null = null
  #onlyMemberAsOf = 0 as Seq
  #many: Map<Socket, Seq> | null = null

  get size(): number {
    return this.#many?.size ?? (this.#only === null ? 0 : 1)
  }

  get(socket: Socket): Seq | undefined {
    if (this.#many !== null) return this.#many.get(socket)
    return this.#only === socket ? this.#onlyMemberAsOf : undefined
  }

  set(socket: Socket, memberAsOf: Seq): void {
    if (this.#many === null && this.#only !== null && this.#only !== socket) {
      this.#many = new Map([[this.#only, this.#onlyMemberAsOf]])
      this.#only = null
    }
    if (this.#many !== null) this.#many.set(socket, memberAsOf)
    else {
      this.#only = socket
      this.#onlyMemberAsOf = memberAsOf
    }
  }

  /** Returns whether the socket was in the room. */
  delete(socket: Socket): boolean {
    if (this.#many !== null) return this.#many.delete(socket)
    if (this.#only !== socket) return false
    this.#only = null
    return true
  }

  all(): Iterable<Socket> {
    return this.#many?.keys() ?? (this.#only === null ? NONE : [this.#only])
  }

  [Symbol.iterator](): Iterator<[Socket, Seq]> {
    return (this.#many ?? this.#entry())[Symbol.iterator]()
  }

  #entry(): [Socket, Seq][] {
    return this.#only === null ? [] : [[this.#only, this.#onlyMemberAsOf]]
  }
}
