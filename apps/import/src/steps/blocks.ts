import type { SourceBlock } from '../source/blocks.ts'
import { insertBlocks, type NewBlock } from '../target/blocks.ts'
import { knownBlocks, knownPeople, record } from '../target/imported.ts'
import { inBatch, type Step } from './step.ts'

/** Imports a batch of blocks. An imported block that was lifted here stays lifted. */
export async function importBlocks(step: Step, blocks: readonly SourceBlock[]): Promise<void> {
  await inBatch(step, async (on, notes) => {
    notes.count('blocks', 'read', blocks.length)
    const known = await knownBlocks(on, step.source, blocks.map(keyOf))
    const people = await knownPeople(
      on,
      step.source,
      blocks.flatMap(({ blocker, blocked }) => [blocker, blocked])
    )
    notes.count('blocks', 'there', known.size)

    const fresh: (NewBlock & { readonly key: string })[] = []
    for (const block of blocks) {
      const key = keyOf(block)
      if (known.has(key)) continue
      const [blocker, blocked] = [people.get(block.blocker)?.id ?? null, people.get(block.blocked)?.id ?? null]
      if (blocker === null || blocked === null) notes.leaveOut('blocks', 'unknown_person', key)
      else if (blocker === blocked) notes.leaveOut('blocks', 'to_oneself', key)
      else fresh.push({ key, blocker, blocked, createdAt: block.createdAt })
    }
    await insertBlocks(on, fresh)
    await record(
      on,
      step.source,
      'block',
      fresh.map(({ key }) => ({ key, id: null }))
    )
    notes.count('blocks', 'brought', fresh.length)
  })
}

function keyOf({ blocker, blocked }: SourceBlock): string {
  return `${blocker} ${blocked}`
}
