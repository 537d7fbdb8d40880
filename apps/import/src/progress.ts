import { Presets, SingleBar } from 'cli-progress'

/** Tells a person how far it is. */
export interface Progress {
  /** Begins a part of `total` rows. */
  begin(what: string, total: number): void
  /** So many more are done. */
  advance(by: number): void
  /** The part is over. */
  end(): void
}

const BAR = '{what} {bar} {percentage}% | {value}/{total} | {duration_formatted}, {eta_formatted} to go'
const LINE = '{what} {value} of {total}, {percentage}%, {duration_formatted}'
/** Without a terminal, a line so often. */
const LINE_EVERY_MS = 5_000

/** A bar for each part on a terminal, plain lines now and then elsewhere. */
export function progressBar(stream: NodeJS.WriteStream): Progress {
  let bar: SingleBar | undefined
  return {
    begin(what, total) {
      bar = new SingleBar(
        {
          stream,
          format: stream.isTTY ? BAR : LINE,
          noTTYOutput: true,
          notTTYSchedule: LINE_EVERY_MS,
          gracefulExit: false // Ctrl-C ends the batch first
        },
        Presets.shades_classic
      )
      bar.start(total, 0, { what: what.padEnd(13) })
    },
    advance: by => bar?.increment(by),
    end: () => bar?.stop()
  }
}
