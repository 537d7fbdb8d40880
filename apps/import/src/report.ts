/** What is brought over. */
export const kinds = ['people', 'blocks', 'conversations', 'members', 'messages', 'read_marks'] as const
/** One of them. */
export type Kind = (typeof kinds)[number]

/** Why something did not come over, or not as it was: every reason there is, and what it says. */
export const reasons = Object.freeze({
  // left out
  media: 'audio, video or another file: media are not brought over yet',
  empty: 'no visible text',
  too_long: 'a text of more than 4,000 characters',
  deleted: 'deleted in the source',
  no_time: 'no moment at which it was written',
  to_oneself: 'from somebody to himself',
  unknown_person: 'of somebody who is not here',
  no_conversation: 'in a conversation that is not here',
  reshaped: 'its conversation was brought as that of two people, and is another kind or between others now',
  no_members: 'nobody is in it',
  too_many_members: 'more members than a group can have',
  too_many_rooms: 'more groups than a person can be in',
  // brought over, changed
  renumbered: 'his id was taken: he has another',
  renamed: 'his user name was taken, or not allowed: he has another',
  email_dropped: 'the e-mail address was taken, or none: he has none',
  avatar_dropped: 'the picture is a file: media are not brought over yet',
  date_dropped: 'the date of birth is none',
  text_cut: 'a field was longer than it can be',
  no_password: 'he had no usable password, and has none here',
  unknown_hash: 'his password was hashed in a way that is not known here: he cannot sign in by it',
  title_dropped: 'a title, which a conversation of two does not have',
  title_cut: 'the title was longer than it can be',
  attachment_dropped: 'the text came, the file beside it did not',
  covered: 'unread, and before one that was read (whose key is told): it counts as read'
})
/** One of them. */
export type Reason = keyof typeof reasons

/** How many, and the first of them by their keys in the source. */
export interface Noted {
  readonly count: number
  readonly first: readonly string[]
}

/** What became of one kind. `read` is how many the source has, `there` how many an earlier run had brought already. */
export interface Tally {
  readonly read: number
  readonly brought: number
  readonly there: number
  /** By reason. */
  readonly left_out: Readonly<Partial<Record<Reason, Noted>>>
  /** What came, but not as it was, by reason. */
  readonly changed: Readonly<Partial<Record<Reason, Noted>>>
}

/** What an import did, or would do. */
export interface Report {
  readonly source: string
  readonly dry_run: boolean
  /** False when it was interrupted: a run with the same arguments goes on. */
  readonly complete: boolean
  readonly kinds: Readonly<Record<Kind, Tally>>
  /** Rows that nothing here takes yet, by what they are. */
  readonly not_yet: Readonly<Record<string, number>>
}

/** What a batch tells of itself: counted when it was committed, and forgotten when it was not. */
export interface Notes {
  count(kind: Kind, what: Amount, by?: number): void
  leaveOut(kind: Kind, reason: Reason, key: string): void
  change(kind: Kind, reason: Reason, key: string, by?: number): void
}

/** Keys that are told of each reason. */
const FIRST = 20

const allReasons = Object.keys(reasons) as Reason[]
const amounts = ['read', 'brought', 'there'] as const
type Amount = (typeof amounts)[number]
const fates = ['left_out', 'changed'] as const
type Fate = (typeof fates)[number]

interface Counted {
  count: number
  readonly first: string[]
}

/** Collects what batches tell. */
export interface Book extends Notes {
  /** Adds what another book holds. */
  add(other: Book): void
  /** What it holds. */
  tallies(): Record<Kind, Tally>
}

/** An empty book. */
export function book(): Book {
  const numbers = new Map<string, number>()
  const noted = new Map<string, Counted>()
  const numberOf = (kind: Kind, what: Amount) => numbers.get(`${kind} ${what}`) ?? 0

  function note(kind: Kind, how: Fate, reason: Reason, { count, first }: Noted): void {
    const place = `${kind} ${how} ${reason}`
    const entry = noted.get(place) ?? { count: 0, first: [] }
    entry.count += count
    entry.first.push(...first.slice(0, FIRST - entry.first.length))
    noted.set(place, entry)
  }

  function notes(kind: Kind, how: Fate): Partial<Record<Reason, Noted>> {
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
        for (const how of fates)
          for (const reason of allReasons) {
            const entry = tallies[kind][how][reason]
            if (entry !== undefined) note(kind, how, reason, entry)
          }
      }
    },
    tallies: () => Object.fromEntries(kinds.map(kind => [kind, tally(kind)])) as Record<Kind, Tally>
  }
}
