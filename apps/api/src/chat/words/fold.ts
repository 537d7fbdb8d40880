import { limits } from '@rendezvous/contract'

/** Longest folded text, in UTF-16 units: that of the longest message. NFKC makes up to 18 characters of one. */
const FOLDED_UNITS = 2 * limits.messageCharacters

/** No word has as many marks in a row. More would take NFKC the square of their time (UAX #15, stream-safe text). */
const MARKS = /(\p{M}{30})\p{M}+/gu
const ASCII = /^[\s -~]*$/
/** Characters that nobody sees, such as soft hyphens and variation selectors. The joiners U+200C and U+200D, the zero
 *  width space and the tags of flags are kept, because words and emoji are made of them. */
const INVISIBLE = /(?![\u200b-\u200d\u{e0020}-\u{e007f}])\p{Default_Ignorable_Code_Point}/gu
/** Marks that writers may leave out: the vowel points of Arabic and Hebrew, and the line that stretches Arabic words. */
const OPTIONAL = /[\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0640\u064b-\u0655\u0670]/g

/** The form in which two spellings of one text are equal: NFKC and full case folding (`ß` is `ss`), without invisible
 *  characters and optional vowel points. Dotted and dotless i are one letter. At most
 *  8,000 UTF-16 units. */
export function folded(text: string): string {
  if (ASCII.test(text)) return text.toLowerCase()
  const written = text.replace(MARKS, '$1').normalize('NFKC').slice(0, FOLDED_UNITS).replace(INVISIBLE, '')
  return foldCase(written).normalize('NFKC').replace(OPTIONAL, '').slice(0, FOLDED_UNITS).toWellFormed()
}

/** Lower, upper and lower again: `ẞ` becomes `ß`, `SS`, `ss`. Lower case alone ends a Greek word in another sigma, and
 *  leaves a dot above the i of a Turkish one. */
function foldCase(text: string): string {
  return text.toLowerCase().toUpperCase().toLowerCase().replaceAll('ς', 'σ').replaceAll('i\u0307', 'i')
}
