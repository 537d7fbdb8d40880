/** Characters that fonts show as nothing, though Unicode does not list them as default-ignorable: the Braille blank,
 *  the object replacement character, blanks of Egyptian and Khitan, and a note without a head. */
const BLANKS = '\\u2800\\uFFFC\\u{13441}\\u{13442}\\u{16FE4}\\u{1D159}'
/** White space, and characters with a line or paragraph end. */
const SPACE = '\\p{White_Space}\\p{Z}'
/** Control, format and default-ignorable characters (Hangul fillers, variation selectors, marks of direction), and
 *  blanks. */
const HIDDEN = `\\p{Cc}\\p{Cf}\\p{Cs}\\p{Default_Ignorable_Code_Point}${BLANKS}`

/** Parts of emoji sequences. Each alternative begins with other characters, so that a match needs no backtracking. */
const PICTURE = '[\\p{Extended_Pictographic}\\p{Emoji_Modifier}]'
const SELECTOR = '[\\uFE0E\\uFE0F]?'
const FLAG = '\\u{1F3F4}[\\u{E0030}-\\u{E0039}\\u{E0061}-\\u{E007A}]+\\u{E007F}'
const JOINED = `${PICTURE}${SELECTOR}(?:\\u200D(?=\\p{Extended_Pictographic}))?`
const KEYCAP = '[0-9#*]\\uFE0F\\u20E3'

/** Joiners that change how letters of these scripts are written, as in Persian and Sinhala names. */
const JOINING = ['Arabic', 'Syriac', 'Mongolian', 'Nko', 'Devanagari', 'Bengali', 'Gurmukhi', 'Gujarati', 'Oriya']
  .concat(['Tamil', 'Telugu', 'Kannada', 'Malayalam', 'Sinhala', 'Myanmar', 'Khmer', 'Tibetan', 'Balinese', 'Javanese'])
  .map(script => `\\p{Script=${script}}`)
  .join('')
const JOINER = `(?<=[${JOINING}])[\\u200C\\u200D](?=[${JOINING}])`

/** A text of visible characters and emoji sequences alone. */
export const EMOJI = new RegExp(`^(?:${FLAG}|${JOINED}|(?!${PICTURE})[^\\p{C}${SPACE}${HIDDEN}]${SELECTOR})+$`, 'u')
/** A text with at least one visible character. */
export const VISIBLE = new RegExp(`[^${SPACE}${HIDDEN}]`, 'u')
/** The characters of a name that show nothing, and the sequences in which such a character has a purpose. */
export const INVISIBLE_OR_SEQUENCE = new RegExp(
  `(?<sequence>${FLAG}|${JOINED}|${KEYCAP}|${JOINER})|[${HIDDEN}\\p{Zl}\\p{Zp}]`,
  'gu'
)
