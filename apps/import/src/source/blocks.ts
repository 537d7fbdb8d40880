import { columnsOf } from './column.ts'
import type { Plan } from './plan.ts'

/** A block in the source. People are given by their keys. */
export interface SourceBlock {
  readonly blocker: string
  readonly blocked: string
  readonly createdAt: Date | null
}

/** A query for all blocks, as `SourceBlock`, each pair once; null when the source has no such table. */
export function selectBlocks({ blocks }: Plan): string | null {
  if (blocks === null) return null
  const b = columnsOf(blocks, 'b')
  return `SELECT ${b.text('blocker')} AS blocker, ${b.text('blocked')} AS blocked, min(${b.time('created_at')}) AS "createdAt"
    FROM ${blocks.name} b WHERE ${b.key('blocker')} IS NOT NULL AND ${b.key('blocked')} IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2`
}
