import type { RoomFrame } from '../hub/frame.ts'

/** Most frames that may wait in one room for an answer of the api. */
export const BACKLOG_FRAMES = 1_000
/** Most bytes that may wait in one room. */
export const BACKLOG_BYTES = 1024 * 1024
/** Most bytes that may wait in all rooms of a node together. */
export const BACKLOG_BYTES_OF_ALL = 64 * 1024 * 1024

/** The frames that wait in one room, in order. */
export class Backlog {
  readonly #total: { bytes: number }
  #frames: RoomFrame[] = []
  #bytes = 0

  /** `total` counts the bytes that wait in all rooms. */
  constructor(total: { bytes: number }) {
    this.#total = total
  }

  /** Adds the frame. False when a limit is exceeded: then it drops this frame and all that waited. */
  add(frame: RoomFrame): boolean {
    this.#frames.push(frame)
    this.#bytes += frame.bytes.length
    this.#total.bytes += frame.bytes.length
    const fits = this.#frames.length <= BACKLOG_FRAMES && this.#bytes <= BACKLOG_BYTES
    if (fits && this.#total.bytes <= BACKLOG_BYTES_OF_ALL) return true
    this.clear()
    return false
  }

  /** Removes all waiting frames and returns them. */
  clear(): RoomFrame[] {
    const frames = this.#frames
    this.#total.bytes -= this.#bytes
    this.#frames = []
    this.#bytes = 0
    return frames
  }
}
