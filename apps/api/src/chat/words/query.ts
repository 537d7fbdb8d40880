import { limits } from '@rendezvous/contract'
import { folded } from './fold.ts'
import { type Piece, piecesOf, type Run, type Word } from './pieces.ts'
import { cut } from './words.ts'

/** Most words that a search looks for; PostgreSQL looks up each in each conversation. Those that follow are ignored. */
const SEARCH_WORDS = 64
/** Most words and most pairs of characters of a run without spaces. */
const RUN_WORDS = 16

const TERM = /(?<not>(?<!\S)-)?(?:"(?<phrase>[^"]*)(?<closing>"?)|(?<plain>[^\s"]+))/gu
const QUOTES = /[“”„‟«»]/g

/** A word, a phrase, or what it excludes, as a tsquery. */
interface Term {
  readonly query: string
  readonly excludes: boolean
}

/**
 * What a search looks for, as the text form of PostgreSQL's tsquery; null when it has no words. It reads words in any
 * order, "a phrase", `or`, and `-not`. A last word of at least `limits.searchPrefix` characters, which nothing follows
 * and which is neither quoted nor excluded, finds every word that begins with it. A search that only excludes numbers
 * is for those numbers: `-5`. At most 64 words count.
 */
export function queryOf(text: string): string | null {
  const asked = folded(text).replace(QUOTES, '"')
  const groups = groupsOf(asked, true)
  const isOfNumbers = groups.flat().every(({ query, excludes }) => excludes && /^!\(?'\p{N}/u.test(query))
  const meant = isOfNumbers ? groupsOf(asked, false) : groups
  if (meant.length === 0) return null
  return meant.map(group => `(${group.map(({ query }) => query).join(' & ')})`).join(' | ')
}

/** The groups between the words `or`. One without another operand is a word. */
function groupsOf(asked: string, canExclude: boolean): Term[][] {
  const matches = [...asked.matchAll(TERM)]
  const groups: Term[][] = [[]]
  let left = SEARCH_WORDS
  for (const [index, { groups: found = {}, index: start, 0: whole }] of matches.entries()) {
    const group = groups.at(-1) ?? []
    if (whole === 'or' && group.length > 0 && index < matches.length - 1) {
      groups.push([])
      continue
    }
    const excludes = canExclude && found.not !== undefined
    const isOpen = !excludes && found.closing !== '"' && start + whole.length === asked.length
    const pieces = piecesOf(found.phrase ?? found.plain ?? '').filter(piece => {
      left -= weightOf(piece)
      return left >= 0
    })
    if (pieces.length === 0) continue
    const text = (found.phrase ?? found.plain ?? '').length
    const query = phrase(pieces, found.phrase !== undefined, isOpen ? text : null)
    group.push({ query: excludes ? `!(${query})` : query, excludes })
  }
  return groups.filter(group => group.length > 0)
}

/** Words in a row. Runs without spaces may stand anywhere, unless `isQuoted`. A last word that ends at `openEnd` is a
 *  prefix. */
function phrase(pieces: readonly Piece[], isQuoted: boolean, openEnd: number | null): string {
  const rows: string[][] = [[]]
  for (const piece of pieces) {
    if (piece.kind === 'word') rows.at(-1)?.push(wordQuery(piece, openEnd))
    else if (isQuoted && pieces.length > 1) rows.at(-1)?.push(...piece.words.slice(0, RUN_WORDS).map(quote))
    else rows.push([runQuery(piece)], [])
  }
  return rows
    .filter(row => row.length > 0)
    .map(row => (row.length === 1 ? row[0] : `(${row.join(' <-> ')})`))
    .join(' & ')
}

/** The words that a search for it looks for. */
function weightOf(piece: Piece): number {
  return piece.kind === 'word' ? 1 : Math.min(piece.words.length, RUN_WORDS) + Math.min(piece.pairs.length, RUN_WORDS)
}

function wordQuery({ text, mayBegin, end }: Word, openEnd: number | null): string {
  const isPrefix = mayBegin && end === openEnd && [...text].length >= limits.searchPrefix
  return `${quote(text)}${isPrefix ? ':*' : ''}`
}

/** All words of the run, or all pairs of it. A single Chinese character finds the words that it is part of. */
function runQuery({ words, pairs, last }: Run): string {
  const whole = words.length === 1 ? words[0] : undefined
  if (pairs.length === 0) return `${quote(whole ?? '')}${last === null ? '' : ':*'}`
  const all = (each: readonly string[]) => each.slice(0, RUN_WORDS).map(quote).join(' & ')
  return pairs.length === 1 && whole === pairs[0] ? quote(whole ?? '') : `((${all(words)}) | (${all(pairs)}))`
}

function quote(word: string): string {
  return `'${cut(word)}'`
}
