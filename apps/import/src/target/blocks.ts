import type { Statement, Transaction } from '@rendezvous/api'
import type { UserId } from '@rendezvous/contract'

const INSERT: Statement = {
  name: 'import_blocks_insert',
  text: `INSERT INTO block (blocker_id, blocked_id, created_at) SELECT r.blocker, r.blocked, coalesce(r.at, now())
    FROM unnest($1::int[], $2::int[], $3::timestamptz[]) AS r(blocker, blocked, at) ON CONFLICT DO NOTHING`
}

/** A block to store. */
export interface NewBlock {
  readonly blocker: UserId
  readonly blocked: UserId
  /** Null for now. */
  readonly createdAt: Date | null
}

/** Stores blocks. Existing blocks do not change. */
export async function insertBlocks(on: Transaction, blocks: readonly NewBlock[]): Promise<void> {
  await on.query(INSERT, [
    blocks.map(({ blocker }) => blocker),
    blocks.map(({ blocked }) => blocked),
    blocks.map(({ createdAt }) => createdAt?.toISOString() ?? null)
  ])
}
