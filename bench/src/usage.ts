/** CPU time and memory of a process. */
export interface Usage {
  /** User and system time since its start, in microseconds. */
  readonly cpuMicros: number
  /** Bytes, after a garbage collection. */
  readonly rss: number
  readonly heap: number
}

/** CPU time of this process since its start, in microseconds. */
export function cpuMicros(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}

/** CPU time and memory of this process. Collects garbage first, which needs `--expose-gc`. */
export function usage(): Usage {
  const before = cpuMicros()
  for (let round = 0; round < 3; round += 1) globalThis.gc?.()
  const { rss, heapUsed } = process.memoryUsage()
  return { cpuMicros: before, rss, heap: heapUsed }
}
