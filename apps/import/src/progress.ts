import { Presets, SingleBar } from 'cli-progress'

/** Shows the progress of an import. */
export interface Progress {
  /** Starts a part of `total` rows, named `what`. */
  begin(what: string, total: number): void
  /** Adds `by` rows that are done. */
  advance(by: number): void
  /** Ends the part. */
  end(): void
}

const BAR = '{what} {bar} {percentage}% | {value}/{total} | {duration_formatted}, {eta_formatted} to go'
const LINE = '{what} {value} of {total}, {percentage}%, {duration_formatted}'
/** Time between two lines when there is no terminal. */
const LINE_EVERY_MS = 5_000

/** Shows a bar for each part on a terminal, and elsewhere a plain line every 5 seconds. */
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
          gracefulExit: false // Ctrl-C lets the batch end first
        },
        Presets.shades_classic
      )
      bar.start(total, 0, { what: what.padEnd(13) })
    },
    advance: by => bar?.increment(by),
    end: () => bar?.stop()
  }
}
