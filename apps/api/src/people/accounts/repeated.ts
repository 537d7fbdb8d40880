import { type FieldErrors, invalid, type Profile, type ProfileUpdate } from '@rendezvous/contract'

/** What a request says of fields under further names: a valid value, or the errors of an invalid one. */
export type Repeated = ReadonlyMap<
  string,
  readonly {
    readonly name: string
    readonly reading:
      | { readonly ok: true; readonly value: unknown }
      | { readonly ok: false; readonly errors: readonly string[] }
  }[]
>

/** The request with the changed value of each field that it names more than once. A form that sends the whole profile
 *  back changes one of several names of a fact.
 *  @throws invalid when a changed value is invalid, under the name by which it was sent. */
export function withChanged(request: ProfileUpdate, repeated: Repeated, stored: Profile): ProfileUpdate {
  const given = new Map<string, unknown>(Object.entries(request))
  const known = new Map<string, unknown>(Object.entries(stored))
  const errors: Record<string, readonly string[]> = {}
  for (const [field, others] of repeated) {
    if (given.get(field) !== known.get(field)) continue
    const changed = others.find(({ reading }) => !reading.ok || reading.value !== known.get(field))
    if (changed === undefined) continue
    if (changed.reading.ok) given.set(field, changed.reading.value)
    else errors[changed.name] = changed.reading.errors
  }
  if (Object.keys(errors).length > 0) throw invalid(errors satisfies FieldErrors)
  return Object.fromEntries(given)
}
