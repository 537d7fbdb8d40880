import { columnsOf } from './column.ts'
import type { Plan } from './plan.ts'

/** A block as the source has it, both people by their keys. */
export interface SourceBlock {
  readonly blocker: string
  readonly blocked: string
  readonly createdAt: Date | null
}

/** The query for all blocks, `SourceBlock` each, every pair once; null when the source has none. */
export function selectBlocks({ blocks }: Plan): string | null {
  if (blocks === null) return null
  const b = columnsOf(blocks, 'b')
  return `SELECT ${b.text('blocker')} AS blocker, ${b.text('blocked')} AS blocked, min(${b.time('created_at')}) AS "createdAt"
    FROM ${blocks.name} b WHERE ${b.key('blocker')} IS NOT NULL AND ${b.key('blocked')} IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2`
}
