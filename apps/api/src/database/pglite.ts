import { setImmediate as nextTurn } from 'node:timers/promises'
import { PGlite, types } from '@electric-sql/pglite'
import { btree_gin } from '@electric-sql/pglite/contrib/btree_gin'
import { type Database, type Parameter, SNAPSHOT, type Statement, type Transaction } from './port.ts'

const parsers = { [types.DATE]: (text: string) => text }

/** Opens PGlite (PostgreSQL compiled to WebAssembly) in `folder`, or in memory without one. Creates the folder
 *  when absent. The caller locks the folder, because only one process may use it, and calls `close()`. */
export async function openPglite(folder?: string): Promise<PGlite> {
  const engine = await PGlite.create(folder ?? 'memory://', { extensions: { btree_gin } })
  await engine.exec('SET timezone TO UTC; SET enable_seqscan TO off; SET jit TO off')
  return engine
}

/**
 * The `Database` port over the one connection of the embedded engine. Queries run on the event loop's thread. Each
 * one yields to the loop afterwards, so that timers and sockets are served under load.
 */
export function pgliteDatabase(engine: PGlite): Database {
  async function transact<T>(mode: string, work: (transaction: Transaction) => Promise<T>): Promise<T> {
    const answer = await engine.transaction(async transaction => {
      if (mode !== '') await transaction.exec(`SET TRANSACTION ${mode}`)
      const value = await work({
        query: (statement, parameters) => run(transaction, statement, parameters),
        async script(text) {
          await transaction.exec(text)
        }
      })
      return { value }
    })
    return answer.value
  }

  return {
    query: (statement, parameters) => run(engine, statement, parameters),
    transaction: work => transact('', work),
    snapshot: work => transact(SNAPSHOT, work)
  }
}

async function run<Row>(
  on: Pick<PGlite, 'query'>,
  statement: Statement,
  parameters: readonly Parameter[] = []
): Promise<Row[]> {
  try {
    const result = await on.query<Row>(statement.text, [...parameters], { parsers })
    return result.rows
  } finally {
    await nextTurn()
  }
}
