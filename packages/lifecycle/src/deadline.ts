/** Exits with code 1 after `ms`, unless the process has ended by then. It does not keep the process alive.
 *  For a shutdown that may hang, on a database that cannot be reached for example. */
export function forceExitAfter(ms: number): void {
  setTimeout(() => {
    process.stderr.write(`The shutdown took more than ${ms} ms. The process exits without finishing it.\n`)
    process.exit(1)
  }, ms).unref()
}
