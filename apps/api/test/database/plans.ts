import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { PrismaClient } from '../../../../prisma/client/client.ts'
import type { Database } from '../../src/database/port.ts'
import { PLANNER, postgresDatabase } from '../../src/database/postgres.ts'

/** A node of a plan, as PostgreSQL writes it. */
interface PlanNode {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Index Cond'?: string
  readonly 'Recheck Cond'?: string
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

/** One look at a table: by which node, whether an index condition led to it, and how many rows were read altogether. */
export interface Look {
  readonly query: string
  readonly table: string
  readonly node: string
  readonly byIndex: boolean
  readonly rows: number
}

/** A database on one connection that tells how each statement was carried out, those inside functions too. */
export interface Watched {
  readonly database: Database
  /** Over the same connection. */
  readonly prisma: PrismaClient
  /** The looks at tables since the last call. */
  looks(): Look[]
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

/** Opens a watched connection, with the plans of the product's. The user must be a superuser. */
export function watch(url: string): Watched {
  const settings = [...PLANNER, ...Object.entries(SETTINGS).map(([name, value]) => `${name}=${value}`)]
  const pool = new pg.Pool({
    connectionString: url,
    max: 1,
    idleTimeoutMillis: 0,
    options: settings.map(setting => `-c ${setting}`).join(' ')
  })
  pool.on('error', () => {}) // the database may be dropped while a connection is still closing
  const seen: Look[] = []
  pool.on('connect', client => {
    client.on('notice', ({ message }) => {
      const json = /^duration: .*? plan:\n([\s\S]*)$/.exec(message ?? '')?.[1]
      if (json === undefined) return
      const explained: Explained = JSON.parse(json)
      seen.push(...looksOf(explained['Query Text'], explained.Plan))
    })
  })
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool) })
  const close = async () => {
    await prisma.$disconnect()
    await pool.end()
  }
  return { database: postgresDatabase(pool), prisma, looks: () => seen.splice(0), close }
}

function looksOf(query: string, node: PlanNode): Look[] {
  const below = (node.Plans ?? []).flatMap(child => looksOf(query, child))
  const table = node['Relation Name']
  if (table === undefined || !node['Node Type'].endsWith('Scan')) return below
  const loops = node['Actual Loops'] ?? 0
  const each = (node['Actual Rows'] ?? 0) + (node['Rows Removed by Filter'] ?? 0)
  const byIndex = node['Index Cond'] !== undefined || node['Recheck Cond'] !== undefined
  return [{ query, table, node: node['Node Type'], byIndex, rows: loops * each }, ...below]
}
