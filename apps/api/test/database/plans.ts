import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { PrismaClient } from '../../../../prisma/client/client.ts'
import type { Database } from '../../src/database/port.ts'
import { PLANNER, postgresDatabase } from '../../src/database/postgres.ts'

/** A node of a plan, as PostgreSQL logs it in JSON. */
interface PlanNode {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Index Cond'?: string
  readonly 'Recheck Cond'?: string
  /** By the place of a row that an index found before. */
  readonly 'TID Cond'?: string
  readonly 'Order By'?: string
  readonly 'Actual Rows'?: number
  readonly 'Actual Loops'?: number
  readonly 'Rows Removed by Filter'?: number
  readonly Plans?: readonly PlanNode[]
}

interface Explained {
  readonly 'Query Text': string
  readonly Plan: PlanNode
}

/** One scan of a table: its plan node, whether it had an index condition, and the rows it read over all loops. */
export interface Scan {
  readonly query: string
  readonly table: string
  readonly node: string
  /** Whether the scan has an index condition. */
  readonly byIndex: boolean
  readonly rows: number
}

/** A database on one connection that records the plan of each statement, those inside functions included. */
export interface Watched {
  readonly database: Database
  /** Uses the same connection. */
  readonly prisma: PrismaClient
  /** The scans of tables since the last call. */
  scans(): Scan[]
  close(): Promise<void>
}

const SETTINGS = {
  session_preload_libraries: 'auto_explain',
  'auto_explain.log_min_duration': '0',
  'auto_explain.log_format': 'json',
  'auto_explain.log_nested_statements': 'on',
  'auto_explain.log_analyze': 'on',
  'auto_explain.log_timing': 'off',
  'auto_explain.log_level': 'notice',
  client_min_messages: 'notice'
}

/** Opens a watched connection with the planner settings of the product. The user must be a superuser. */
export function watch(url: string): Watched {
  const settings = [...PLANNER, ...Object.entries(SETTINGS).map(([name, value]) => `${name}=${value}`)]
  const pool = new pg.Pool({
    connectionString: url,
    max: 1,
    idleTimeoutMillis: 0,
    options: settings.map(setting => `-c ${setting}`).join(' ')
  })
  pool.on('error', () => {}) // the database may be dropped while a connection is still closing
  const seen: Scan[] = []
  pool.on('connect', client => {
    client.on('notice', ({ message }) => {
      const json = /^duration: .*? plan:\n([\s\S]*)$/.exec(message ?? '')?.[1]
      if (json === undefined) return
      const explained: Explained = JSON.parse(json)
      seen.push(...scansOf(explained['Query Text'], explained.Plan))
    })
  })
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool) })
  const close = async () => {
    await prisma.$disconnect()
    await pool.end()
  }
  return { database: postgresDatabase(pool), prisma, scans: () => seen.splice(0), close }
}

function scansOf(query: string, node: PlanNode): Scan[] {
  const below = (node.Plans ?? []).flatMap(child => scansOf(query, child))
  const table = node['Relation Name']
  if (table === undefined || !node['Node Type'].endsWith('Scan')) return below
  const loops = node['Actual Loops'] ?? 0
  const each = (node['Actual Rows'] ?? 0) + (node['Rows Removed by Filter'] ?? 0)
  const byIndex = (['Index Cond', 'Recheck Cond', 'TID Cond'] as const).some(condition => node[condition] !== undefined)
  return [{ query, table, node: node['Node Type'], byIndex, rows: loops * each }, ...below]
}
