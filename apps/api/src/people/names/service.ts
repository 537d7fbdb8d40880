import type { UnkeyedNames } from './port.ts'
import { nameKeys } from './skeleton.ts'

/** Names that one run reserves. */
const BATCH = 1_000

/** Reserves the keys of user names that were stored without, so that no new name looks like them. */
export type NameService = ReturnType<typeof nameService>

/** The service over the port `unkeyedNames`. */
export function nameService({ unkeyedNames }: { readonly unkeyedNames: UnkeyedNames }) {
  return {
    /** Reserves the keys of at most 1,000 names. The worker runs it about every second. */
    async reserve(): Promise<void> {
      const names = await unkeyedNames.read(BATCH)
      if (names.length === 0) return
      await unkeyedNames.reserve(names.map(name => ({ ...name, keys: nameKeys(name.username, name.email) })))
    }
  }
}
