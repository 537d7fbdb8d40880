import type { Frame } from '../hub/frame.ts'

/** Most frames that may wait while a socket connects. Above it the client does better to connect again. */
const FRAMES_MAX = 1_000

/** Frames that arrive for a socket before it is ready. */
export class ConnectBuffer {
  /** In the order of their arrival. */
  readonly frames: Frame[] = []
  #bytes = 0

  /** Adds frames. False when more than 1,000 frames or `maxBytes` wait. */
  add(frames: readonly Frame[], maxBytes: number): boolean {
    for (const frame of frames) {
      this.frames.push(frame)
      this.#bytes += frame.bytes.length
    }
    return this.frames.length <= FRAMES_MAX && this.#bytes <= maxBytes
  }
}
