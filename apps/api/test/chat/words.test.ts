import { limits } from '@rendezvous/contract'
import t from 'tap'
import { folded } from '../../src/chat/words/fold.ts'
import { queryOf } from '../../src/chat/words/query.ts'
import { wordsOf } from '../../src/chat/words/words.ts'

/** `unit` repeated up to `characters`. */
function full(unit: string, characters: number): string {
  const each = [...unit]
  return Array.from({ length: characters }, (_, index) => each[index % each.length]).join('')
}

/** Different characters of scripts without spaces, joiners, marks, and what NFKC makes longest. */
const HOSTILE = [
  'a',
  'a b c d ',
  'a1',
  '#a',
  'c++',
  'c#',
  '-"',
  "'\\",
  "''",
  '\\',
  ':*&|!()<->',
  '🇫',
  '👍🏽',
  '👩\u200d',
  'a\u200c',
  '\u0301\u0323\u0334',
  '\ufdfa',
  '㌖',
  'の',
  'ア',
  'ก',
  'က',
  'ក',
  'ກ',
  '가',
  '가나 ',
  '가a',
  '𠀀𠀁',
  '\u{e0020}',
  '\u200b',
  'ß',
  'ŉ',
  '我家在上海东边'
]

t.test('capitals, small and title letters of every script have one folded form', t => {
  const different: string[] = []
  for (let code = 0; code <= 0x10ffff; code += 1) {
    const letter = String.fromCodePoint(code)
    if (!/\p{L}/u.test(letter)) continue
    const form = folded(letter)
    for (const other of [letter.toUpperCase(), letter.toLowerCase(), form])
      if (folded(other) !== form) different.push(`U+${code.toString(16)}`)
  }
  t.same(different, [])
  t.end()
})

t.test('spellings of one text have one folded form', t => {
  const spellings = [
    ['Straße', 'STRASSE', 'straẞe', 'ſtrasse'],
    ['café', 'CAFE\u0301', 'ｃａｆｅ́'],
    ['ὀδυσσεύς', 'ὈΔΥΣΣΕΎΣ', 'ὀδυσσεύσ'],
    ['İzmir', 'izmir', 'IZMIR', 'ızmır', 'i̇zmir'],
    ['❤', '❤\ufe0f', '❤\ufe0e'],
    ['مرحبا', 'مَرْحَبًا', 'مرحـــبا'],
    ['soft', 'so\u00adft', '\u2066soft\u2069'],
    ['ｶﾞ', 'ガ', 'カ\u3099']
  ]
  for (const [first = '', ...others] of spellings)
    for (const other of others) t.equal(folded(other), folded(first), other)
  t.end()
})

t.test('a link, a path, an address and a version are phrases of their parts', t => {
  t.equal(wordsOf('docs/setup.html'), "'docs':1 'setup':2 'html':3")
  t.equal(wordsOf('v2.14, jo.doe@x.net'), "'v2':1 'v':1 '2':1 '14':2 'jo':3 'doe':4 '@x':5 'x':5 'net':6")
  t.equal(queryOf('docs/setup.html '), "(('docs' <-> 'setup' <-> 'html'))")
  t.equal(queryOf('docs/setup.ht'), "(('docs' <-> 'setup' <-> 'ht'))", 'too short to be a beginning')
  t.equal(queryOf('docs/setup.htm'), "(('docs' <-> 'setup' <-> 'htm':*))")
  t.end()
})

t.test('a search reads words, phrases, alternatives and exclusions', t => {
  const queries: [string, string | null][] = [
    ['dinner -party', "('dinner' & !('party'))"],
    ['“the station” at', "(('the' <-> 'station') & 'at')"],
    ['a b or c', "('a' & 'b') | ('c')"],
    ['or', "('or')"],
    ['a or', "('a' & 'or')"],
    ['a or "b', "('a') | ('b')"],
    ['hello -"the she', "('hello' & !(('the' <-> 'she')))"],
    ['-5', "('5')"],
    ['temp -5', "('temp' & !('5'))"],
    ['上', "('上':*)"],
    ['-', null],
    ['" " ()', null],
    ['', null]
  ]
  for (const [text, query] of queries) t.equal(queryOf(text), query, text)
  t.end()
})

t.test('the words of any text are bounded in number and bytes, and need no escape', t => {
  const different = Array.from({ length: limits.messageCharacters }, (_, n) => String.fromCodePoint(0x4e00 + 5 * n))
  for (const text of [...HOSTILE.map(unit => full(unit, limits.messageCharacters)), different.join('')]) {
    const words = wordsOf(text)
    const lexemes = words === '' ? [] : words.split(' ')
    const malformed = lexemes.filter(each => !/^'[^'\\\s]+'(:\d+(,\d+)*)?$/u.test(each))
    t.same(malformed, [], text.slice(0, 5))
    t.ok(lexemes.length <= 4_096 && words.isWellFormed())
    t.ok(Math.max(0, ...lexemes.map(each => Buffer.byteLength(each.split(':')[0] ?? ''))) <= 384 + 2)
  }
  t.end()
})

t.test('any search is for a bounded number of words', t => {
  for (const unit of [...HOSTILE, 'a or ', '-a ', '"a ', '我家在上海东边今天天气很好我们去a']) {
    const query = queryOf(full(unit, limits.searchCharacters)) ?? ''
    const lexemes = query.match(/'[^']+'/g) ?? []
    t.ok(lexemes.length <= 64, `${unit}: ${lexemes.length}`)
  }
  t.end()
})
