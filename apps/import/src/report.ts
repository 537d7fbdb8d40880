/** The kinds of things that are imported. */
export const kinds = ['people', 'blocks', 'conversations', 'members', 'messages', 'read_marks'] as const
/** One of `kinds`. */
export type Kind = (typeof kinds)[number]

/** Every reason why something is left out or changed, with its text in the report. */
export const reasons = Object.freeze({
  // left out
  media: 'audio, video or another file: media are not imported yet',
  empty: 'no visible text',
  too_long: 'a text of more than 4,000 characters',
  deleted: 'deleted in the source',
  no_time: 'no time of writing',
  to_oneself: 'from a person to themself',
  unknown_person: 'of a person who was not imported',
  no_conversation: 'in a conversation that was not imported',
  reshaped: 'its conversation was imported as a direct one, and has become a group or has other people',
  no_members: 'it has no members',
  too_many_members: 'more members than a group can have',
  too_many_rooms: 'the person is in as many groups as allowed',
  // imported, but changed
  renumbered: 'the id was taken: the person has another one',
  renamed: 'the user name was taken or is not allowed: the person has another one',
  email_dropped: 'the e-mail address was taken or is invalid: the person has none',
  avatar_dropped: 'the picture is a file: media are not imported yet',
  date_dropped: 'the date of birth is invalid',
  text_cut: 'a field was longer than allowed, and was cut',
  no_password: 'no usable password: the person needs a new one',
  unknown_hash: 'a password hash of an unknown kind: the person needs a new password',
  title_dropped: 'a direct conversation has no title',
  title_cut: 'the title was longer than allowed, and was cut',
  attachment_dropped: 'the text was imported without its file',
  covered: 'unread messages before a read one (its key is given) count as read'
})
/** One of `reasons`. */
export type Reason = keyof typeof reasons

/** How often something happened, and the keys in the source of the first cases. */
export interface Occurrences {
  readonly count: number
  readonly first: readonly string[]
}

/** The result for one kind. The source has `read` of them; this run imported `brought`, earlier runs `there`. */
export interface Tally {
  readonly read: number
  readonly brought: number
  readonly there: number
  /** Not imported, by reason. */
  readonly left_out: Readonly<Partial<Record<Reason, Occurrences>>>
  /** Imported but changed, by reason. */
  readonly changed: Readonly<Partial<Record<Reason, Occurrences>>>
}

/** What an import did, or would do in a dry run. */
export interface Report {
  readonly source: string
  readonly dry_run: boolean
  /** False after an interruption. A run with the same arguments goes on. */
  readonly complete: boolean
  readonly kinds: Readonly<Record<Kind, Tally>>
  /** The number of rows that cannot be imported yet, by what they hold. */
  readonly not_yet: Readonly<Record<string, number>>
}

/** Records what a batch does. The record counts only when the batch is committed. */
export interface Notes {
  count(kind: Kind, what: Amount, by?: number): void
  leaveOut(kind: Kind, reason: Reason, key: string): void
  change(kind: Kind, reason: Reason, key: string, by?: number): void
}

/** Keys that are kept for each reason. */
const FIRST = 20

const allReasons = Object.keys(reasons) as Reason[]
const amounts = ['read', 'brought', 'there'] as const
type Amount = (typeof amounts)[number]
const outcomes = ['left_out', 'changed'] as const
type Outcome = (typeof outcomes)[number]

interface Counted {
  count: number
  readonly first: string[]
}

/** The sums of what batches recorded. */
export interface Totals extends Notes {
  /** Adds the sums of `other`. */
  add(other: Totals): void
  /** The sums, by kind. */
  tallies(): Record<Kind, Tally>
}

/** Answers sums of zero. */
export function newTotals(): Totals {
  const numbers = new Map<string, number>()
  const noted = new Map<string, Counted>()
  const numberOf = (kind: Kind, what: Amount) => numbers.get(`${kind} ${what}`) ?? 0

  function note(kind: Kind, how: Outcome, reason: Reason, { count, first }: Occurrences): void {
    const place = `${kind} ${how} ${reason}`
    const entry = noted.get(place) ?? { count: 0, first: [] }
    entry.count += count
    entry.first.push(...first.slice(0, FIRST - entry.first.length))
    noted.set(place, entry)
  }

  function notes(kind: Kind, how: Outcome): Partial<Record<Reason, Occurrences>> {
    const found = allReasons.map(reason => [reason, noted.get(`${kind} ${how} ${reason}`)] as const)
    return Object.fromEntries(found.filter(([, entry]) => entry !== undefined))
  }

  function count(kind: Kind, what: Amount, by = 1): void {
    numbers.set(`${kind} ${what}`, numberOf(kind, what) + by)
  }

  function tally(kind: Kind): Tally {
    const counts = { read: numberOf(kind, 'read'), brought: numberOf(kind, 'brought'), there: numberOf(kind, 'there') }
    return { ...counts, left_out: notes(kind, 'left_out'), changed: notes(kind, 'changed') }
  }

  return {
    count,
    leaveOut: (kind, reason, key) => note(kind, 'left_out', reason, { count: 1, first: [key] }),
    change: (kind, reason, key, by = 1) => note(kind, 'changed', reason, { count: by, first: [key] }),
    add(other) {
      const tallies = other.tallies()
      for (const kind of kinds) {
        for (const what of amounts) count(kind, what, tallies[kind][what])
        for (const how of outcomes)
          for (const reason of allReasons) {
            const entry = tallies[kind][how][reason]
            if (entry !== undefined) note(kind, how, reason, entry)
          }
      }
    },
    tallies: () => Object.fromEntries(kinds.map(kind => [kind, tally(kind)])) as Record<Kind, Tally>
  }
}
