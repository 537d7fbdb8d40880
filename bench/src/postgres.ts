import { readdir, readFile } from 'node:fs/promises'
import pg from 'pg'

/** Ticks a second in which Linux counts CPU time for /proc (USER_HZ, 100 on every architecture that Node runs on). */
const TICKS_A_SECOND = 100

/** The CPU time of a PostgreSQL server of this machine, all its processes together. */
export interface ServerTime {
  /** Microseconds so far, to a hundredth of a second for each process. */
  cpuMicros(): Promise<number>
}

/** @throws Error where there is no /proc. */
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

/** The process that all backends are children of. */
async function serverOf(url: string): Promise<number> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
    const stat = await statOf(String(rows[0]?.pid))
    if (stat === null) throw new Error('the processes of PostgreSQL are not those of this machine')
    return stat.parent
  } finally {
    await client.end()
  }
}

/** Of a process, and of its children that have ended: proc(5), fields 1, 4 and 14 to 17. Null when it is gone. */
async function statOf(pid: string): Promise<{ pid: number; parent: number; ticks: number } | null> {
  const text = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => null)
  if (text === null) return null
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ') // the name before it may hold spaces; here begins field 3
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0)
  return { pid: Number(pid), parent: Number(fields[1]), ticks }
}
