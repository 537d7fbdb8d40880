import type { Test } from 'tap'
import { migrate } from '../../src/database/migrate.ts'
import { type OpenDatabase, openDatabase } from '../../src/database/open.ts'
import { type Database, sqlState } from '../../src/database/port.ts'
import { createDatabase } from './engines.ts'

const DEADLOCK = '40P01'

/** Two nodes over one database. `deadlocks` counts the statements that PostgreSQL ended because of a deadlock. Adapters
 *  repeat those, so their answers do not show it. */
export interface TwoNodes {
  readonly nodes: readonly [OpenDatabase, OpenDatabase]
  deadlocks(): number
}

/** Opens two nodes, each with pools of its own, on a fresh database of the server. */
export async function openNodes(t: Test): Promise<TwoNodes> {
  const { url, drop } = await createDatabase()
  let deadlocks = 0
  const counted = (database: Database): Database => ({
    ...database,
    async query(statement, parameters) {
      try {
        return await database.query(statement, parameters)
      } catch (error) {
        if (sqlState(error) === DEADLOCK) deadlocks += 1
        throw error
      }
    }
  })
  async function openNode(): Promise<OpenDatabase> {
    const open = await openDatabase({ engine: 'postgresql', url })
    return { ...open, database: counted(open.database), hot: counted(open.hot) }
  }
  const nodes = [await openNode(), await openNode()] as const
  t.teardown(async () => {
    await Promise.all(nodes.map(node => node.close()))
    await drop()
  })
  await migrate(nodes[0].database)
  return { nodes, deadlocks: () => deadlocks }
}

/** A random item of `list`. */
export function pick<T>(list: readonly T[]): T {
  const item = list[Math.floor(Math.random() * list.length)]
  if (item === undefined) throw new Error('the list is empty')
  return item
}
