import type { Frame } from './outgoing.ts'

/** Frames that wait while a socket connects, at most; then the client is better off connecting anew. */
const FRAMES_MAX = 1_000

/** What comes for a socket that is still connecting. */
export class Early {
  /** In order. */
  readonly frames: Frame[] = []
  #bytes = 0

  /** False when more waits than may, or more than `maxBytes`. */
  add(frames: readonly Frame[], maxBytes: number): boolean {
    for (const frame of frames) {
      this.frames.push(frame)
      this.#bytes += frame.bytes.length
    }
    return this.frames.length <= FRAMES_MAX && this.#bytes <= maxBytes
  }
}
