import { readdir, readFile } from 'node:fs/promises'
import pg from 'pg'

/** Ticks a second of CPU times in /proc on Linux (USER_HZ: 100 on every architecture that Node runs on). */
const TICKS_A_SECOND = 100

/** The CPU time of a PostgreSQL server on this machine, over all its processes. */
export interface ServerTime {
  /** Microseconds so far. The resolution is a hundredth of a second for each process. */
  cpuMicros(): Promise<number>
}

/** Reads the CPU time of the server at `url` from /proc. @throws Error when it runs elsewhere, or without /proc. */
export async function serverTime(url: string): Promise<ServerTime> {
  const server = await serverOf(url)
  return {
    async cpuMicros() {
      const all = await Promise.all((await readdir('/proc')).filter(name => /^\d+$/.test(name)).map(statOf))
      const ours = all.flatMap(stat => (stat?.pid === server || stat?.parent === server ? [stat.ticks] : []))
      return (ours.reduce((sum, ticks) => sum + ticks, 0) * 1_000_000) / TICKS_A_SECOND
    }
  }
}

/** The process id of the server, the parent of all its backends. */
async function serverOf(url: string): Promise<number> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
    const stat = await statOf(String(rows[0]?.pid))
    if (stat === null) throw new Error('PostgreSQL must run on this machine, with /proc: its CPU time is read there')
    return stat.parent
  } finally {
    await client.end()
  }
}

/** Fields 1, 4 and 14 to 17 of proc(5). `ticks` includes children that have ended. Null when the process has ended. */
async function statOf(pid: string): Promise<{ pid: number; parent: number; ticks: number } | null> {
  const text = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => null)
  if (text === null) return null
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ') // from field 3 on: the name before may have spaces
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0)
  return { pid: Number(pid), parent: Number(fields[1]), ticks }
}
