/** A run of letters and digits, or an emoji. */
export interface Word {
  readonly kind: 'word'
  /** What a search for it looks for. */
  readonly text: string
  /** Other texts under which it is found, e.g. `tag` for `#tag`. */
  readonly forms: readonly string[]
  /** Whether a search may look for longer words that begin with it. */
  readonly mayBegin: boolean
  /** Where it ends in the folded text. */
  readonly end: number
}

/** A run of a script that is written without spaces between words. */
export interface Run {
  readonly kind: 'run'
  /** Its words, as Intl.Segmenter finds them in the first 2,000 UTF-16 units of the text. */
  readonly words: readonly string[]
  /** Each two neighbouring characters, with their marks. They find a word that was divided in another way. */
  readonly pairs: readonly string[]
  /** Its last character, if that is Chinese. No pair begins with it. */
  readonly last: string | null
  readonly end: number
}

/** A part of a text. */
export type Piece = Word | Run

const LETTERS = '\\p{L}\\p{M}\\p{N}'
const PICTURE = '\\p{Extended_Pictographic}\\p{Emoji_Modifier}?[\\u{e0020}-\\u{e007f}]*'
const EMOJI = `\\p{Regional_Indicator}{2}|${PICTURE}(?:\\u200d${PICTURE})*`
/** The sign, the letters and the tail of a word, or an emoji. A tag begins where no word ends. A
 *  mention or the host of an address begins with @. Joiners stand inside words. `c++` and `c#` are words. */
const PIECE = new RegExp(
  `(@|(?<![${LETTERS}_])#)?([${LETTERS}][${LETTERS}\\u200c\\u200d]*)((?:\\+\\+|#)(?![${LETTERS}]))?|(${EMOJI})`,
  'gu'
)
/** The same for ASCII, in a fifth of the time. */
const ASCII_PIECE = /(@|(?<![a-z0-9_])#)?([a-z0-9]+)((?:\+\+|#)(?![a-z0-9]))?/g
const BEYOND_ASCII = /[\u0080-\uffff]/

const SPACELESS = '\\p{scx=Hani}\\p{scx=Hira}\\p{scx=Kana}\\p{scx=Bopo}\\p{sc=Thai}\\p{sc=Lao}\\p{sc=Khmr}\\p{sc=Mymr}'
/** A run, Korean, or anything else. */
const PART = new RegExp(`([${SPACELESS}]+)|(\\p{sc=Hang}+)|[^${SPACELESS}\\p{sc=Hang}]+`, 'gu')
/** The first of these scripts is Thai. */
const SUCH_SCRIPTS = /[\u0e00-\uffff]/
const JOINER = /[\u200c\u200d]/
const MODIFIERS = /\p{Emoji_Modifier}/gu
const SIMPLE = /^[\u3041-\u3096\u30a1-\u30ff\u3400-\u9fff]+$/
const UNIT = /\P{M}\p{M}*|\p{M}+/gu
const CHINESE = /^\p{scx=Hani}/u
const MARKED_NUMBER = /^(\p{N}+)\p{Me}+$/u
const DIGIT = /\p{N}/u
const MIXED_PART = /\p{N}+|[^\p{N}]+/gu
/** `v2`, `10km`, `covid19`: a text of more parts is a code, whose parts mean nothing. */
const MIXED_PARTS = 4
/** Longest beginning of a Korean word that is found, in syllables. */
const BEGINNING = 12
/** How much of a text is divided into words, since that is slow. Pairs find what follows. */
const DIVIDED_UNITS = 2_000

const segmenter = new Intl.Segmenter('en', { granularity: 'word' })

/** The parts of a folded text, in order. */
export function piecesOf(text: string): Piece[] {
  const pieces: Piece[] = []
  const pattern = BEYOND_ASCII.test(text) ? PIECE : ASCII_PIECE
  pattern.lastIndex = 0
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    const [whole, sign = '', letters = '', tail = '', emoji] = match
    const end = match.index + whole.length
    if (emoji !== undefined) pieces.push(emojiWord(emoji, end))
    else if (SUCH_SCRIPTS.test(letters)) pieces.push(...partsOf(letters, sign, tail, end))
    else pieces.push(plainWord(letters, sign, tail, end))
  }
  return pieces
}

/** Divides where a script without spaces, or Korean, meets another one. */
function partsOf(letters: string, sign: string, tail: string, end: number): Piece[] {
  const start = end - tail.length - letters.length
  return Array.from(letters.matchAll(PART), ({ 0: text, 1: run, 2: korean, index }) => {
    const partEnd = start + index + text.length
    const ownSign = index === 0 ? sign : ''
    if (run !== undefined) return runOf(run, start + index)
    if (korean !== undefined) return koreanWord(korean, ownSign, partEnd)
    return plainWord(text, ownSign, partEnd + tail.length === end ? tail : '', partEnd)
  })
}

function plainWord(letters: string, sign: string, tail: string, end: number): Word {
  const isJoined = JOINER.test(letters)
  const joined = isJoined ? letters.replaceAll('\u200c', '').replaceAll('\u200d', '') : letters
  const forms = isJoined ? letters.split(JOINER).filter(part => part !== '') : []
  if (sign !== '' || tail !== '') forms.push(joined)
  if (DIGIT.test(joined)) forms.push(...formsOfNumber(joined))
  return { kind: 'word', text: sign + joined + tail, forms, mayBegin: tail === '', end }
}

function formsOfNumber(text: string): string[] {
  const [, number] = MARKED_NUMBER.exec(text) ?? []
  if (number !== undefined) return [number]
  const parts = text.match(MIXED_PART) ?? []
  return parts.length > 1 && parts.length <= MIXED_PARTS ? parts : []
}

/** Particles follow a Korean word without a space, so it is found by each of its beginnings. */
function koreanWord(syllables: string, sign: string, end: number): Word {
  const lengths = Math.max(0, Math.min(syllables.length - 1, BEGINNING))
  const beginnings = Array.from({ length: lengths }, (_, index) => syllables.slice(0, index + 1))
  const forms = sign === '' ? beginnings : [syllables, ...beginnings, ...beginnings.map(each => sign + each)]
  return { kind: 'word', text: sign + syllables, forms, mayBegin: true, end }
}

/** Found with and without its skin tones, and by each emoji that it joins. */
function emojiWord(emoji: string, end: number): Word {
  const plain = emoji.replace(MODIFIERS, '')
  const members = plain.includes('\u200d') ? plain.split('\u200d') : []
  const forms = plain === emoji ? members : [plain, ...members]
  return { kind: 'word', text: emoji, forms, mayBegin: false, end }
}

function runOf(text: string, start: number): Run {
  const units = SIMPLE.test(text) ? text.split('') : (text.match(UNIT) ?? [text])
  const pairs = units.slice(1).map((unit, index) => `${units[index]}${unit}`)
  const last = units.at(-1) ?? ''
  const divided = text.slice(0, Math.max(0, DIVIDED_UNITS - start))
  const words = units.length === 1 ? [text] : Array.from(segmenter.segment(divided), ({ segment }) => segment)
  return { kind: 'run', words, pairs, last: CHINESE.test(last) ? last : null, end: start + text.length }
}
