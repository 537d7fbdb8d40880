import { folded } from './fold.ts'
import { type Piece, piecesOf } from './pieces.ts'

/** Most different words that are kept of a text. A Chinese text of 4,000 characters has some 3,500. */
const WORDS = 4_096
/** Longest word, in UTF-16 units. The words of texts and of searches are cut alike. */
const WORD_UNITS = 128
/** PostgreSQL keeps no more positions of a word. */
const POSITIONS = 255

/**
 * The words by which a stored text is found, as the text form of PostgreSQL's tsvector: `'go':1 'there':2`. At most
 * 4,096 different words of at most 384 bytes. Empty for a text without letters, digits and emoji.
 *
 * A word is a run of letters and digits, or an emoji. Positions count them, so that a phrase is words in a row. Links,
 * paths, addresses and versions are such phrases. Other forms of a word have its position; pairs of characters have
 * none.
 */
export function wordsOf(text: string): string {
  const positions = new Map<string, number[]>()
  const add = (word: string, position?: number) => {
    const lexeme = cut(word)
    const known = positions.get(lexeme)
    if (known === undefined) {
      if (positions.size < WORDS) positions.set(lexeme, position === undefined ? [] : [position])
    } else if (position !== undefined && known.length < POSITIONS) known.push(position)
  }

  let position = 0
  for (const piece of piecesOf(folded(text))) position = addPiece(piece, position, add)
  return Array.from(positions, ([word, at]) => (at.length === 0 ? `'${word}'` : `'${word}':${at.join(',')}`)).join(' ')
}

function addPiece(piece: Piece, position: number, add: (word: string, position?: number) => void): number {
  if (piece.kind === 'word') {
    add(piece.text, position + 1)
    for (const form of piece.forms) add(form, position + 1)
    return position + 1
  }
  piece.words.forEach((word, index) => void add(word, position + index + 1))
  for (const pair of piece.pairs) add(pair)
  if (piece.last !== null) add(piece.last)
  return position + piece.words.length
}

/** Cuts a long word. It holds no quote and no backslash, so it needs no escape. */
export function cut(word: string): string {
  if (word.length <= WORD_UNITS) return word
  const start = word.slice(0, WORD_UNITS)
  return start.isWellFormed() ? start : start.slice(0, -1)
}
