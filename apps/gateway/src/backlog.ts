import type { RoomFrame } from './outgoing.ts'

/** Frames that wait in one room for an answer of the api, at most. */
export const BACKLOG_FRAMES = 1_000
/** Their bytes, at most. */
export const BACKLOG_BYTES = 1024 * 1024
/** Bytes that wait in all rooms of a node, at most. */
export const BACKLOG_BYTES_OF_ALL = 64 * 1024 * 1024

/** What waits in one room, in order. */
export class Backlog {
  readonly #all: { bytes: number }
  #frames: RoomFrame[] = []
  #bytes = 0

  /** Nothing waits yet. `all` counts the bytes of all rooms. */
  constructor(all: { bytes: number }) {
    this.#all = all
  }

  /** False when that is too much: then it is dropped, and what waited too. */
  add(frame: RoomFrame): boolean {
    this.#frames.push(frame)
    this.#bytes += frame.bytes.length
    this.#all.bytes += frame.bytes.length
    const fits = this.#frames.length <= BACKLOG_FRAMES && this.#bytes <= BACKLOG_BYTES
    if (fits && this.#all.bytes <= BACKLOG_BYTES_OF_ALL) return true
    this.clear()
    return false
  }

  /** Takes out what waits. */
  clear(): RoomFrame[] {
    const frames = this.#frames
    this.#all.bytes -= this.#bytes
    this.#frames = []
    this.#bytes = 0
    return frames
  }
}
