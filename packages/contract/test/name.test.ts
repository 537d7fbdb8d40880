import t from 'tap'
import { nameProblem, visibleName } from '../src/index.ts'

const INVISIBLE = 'Invisible characters are not allowed.'
const BLANK = 'This field may not be blank.'

t.test('names in the writing of many languages pass', async t => {
  const names = ['Ana', "O'Neil", 'Jean Paul', 'Jean\u00A0Paul', '山田\u3000太郎', 'Ａｎｎａ', 'é', 'e\u0301', 'नमस्ते']
  const joined = ['علی\u200Cرضا', 'ශ්\u200Dරී', 'क्\u200Dष']
  const emoji = ['Team 🚀', '👩🏽‍🚀', '🏳️‍🌈', '🏴󠁧󠁢󠁳󠁣󠁴󠁿', '1️⃣', '❤️', '🇫🇷']
  for (const name of [...names, ...joined, ...emoji]) t.equal(nameProblem(name, 20), null, JSON.stringify(name))
})

t.test('a name without a visible character is blank', async t => {
  for (const name of ['', ' ', '\u3164', '\u2800', '\uFE0F', '\u115F\u1160', '\uFFA0', '\uFFFC', '\u{13441}'])
    t.equal(nameProblem(name, 20), BLANK, JSON.stringify(name))
})

t.test('a name with an invisible character, or a mark of direction, is refused', async t => {
  const hidden = ['\u3164', '\u115F', '\uFFA0', '\u2800', '\u00AD', '\u200B', '\u200C', '\u200D', '\u2060', '\uFEFF']
  const marks = ['\u061C', '\u200E', '\u200F', '\u202A', '\u202E', '\u2066', '\u2069', '\u2028', '\n', '\t', '\u0085']
  const others = ['\u034F', '\u17B4', '\u180E', '\uFE0F', '\u{E0041}', '\u{1D173}', '\u{E0100}', '\uFFF9', '\u{1D159}']
  for (const character of [...hidden, ...marks, ...others]) {
    const code = `U+${character.codePointAt(0)?.toString(16)}`
    t.equal(nameProblem(`a${character}`, 20), INVISIBLE, code)
    t.equal(nameProblem(`a${character}b`, 20), INVISIBLE, code)
    t.equal(visibleName(`a${character}b`), 'ab', code)
  }
  for (const name of ['👩\u200D', 'a\u200D🚀', '🚀\u{E0067}\u{E007F}', 'ع\u200C'])
    t.equal(nameProblem(name, 20), INVISIBLE)
})

t.test('a name has a length, and can be stored', async t => {
  t.equal(nameProblem('abcdef', 5), 'Ensure this field has no more than 5 characters.')
  t.equal(nameProblem('a\0', 5), 'Null characters are not allowed.')
})

t.test('a long name of pictures costs one pass', async t => {
  const name = '👩🏽'.repeat(50_000)
  t.equal(visibleName(`${name}\u200D`), name)
})
