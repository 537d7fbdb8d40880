import keySlot from 'cluster-key-slot'

const SLOTS = 16_384
const TAGS = 128
/** What every key and channel begins with. Another layout of them takes another prefix. */
const PREFIX = 'rv1'

/** A number from 0 to 127. Keys and channels of one tag are in one slot of a Redis Cluster. */
export type Tag = number

/** All tags. */
export const tags: readonly Tag[] = Array.from({ length: TAGS }, (_, tag) => tag)

const names = nameTags()

/** The slot of each tag: one in each 128th of a Redis Cluster's slots, so that any division of the slots between masters
 *  divides the tags alike. */
export const slotOfTag: readonly number[] = names.map(name => keySlot(name))

/** The tag of `text`: always the same, and evenly spread (FNV-1a). */
export function tagOf(text: string): Tag {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return (hash ^ (hash >>> 15)) & (TAGS - 1)
}

/** The key or channel `name` in the slot of `tag`. */
export function keyOf(tag: Tag, name: string): string {
  return `${PREFIX}:{${names[tag]}}:${name}`
}

/** The shortest numbers whose slots fall into each 128th of the slots. */
function nameTags(): string[] {
  const found: string[] = []
  for (let candidate = 0, missing = TAGS; missing > 0; candidate += 1) {
    const name = candidate.toString(36)
    const tag = Math.floor((keySlot(name) * TAGS) / SLOTS)
    if (found[tag] !== undefined) continue
    found[tag] = name
    missing -= 1
  }
  return found
}
