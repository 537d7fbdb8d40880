import t from 'tap'
import { textProblem } from '../src/index.ts'

const BLANK = 'This field may not be blank.'
const LONG = 'Ensure this field has no more than 5 characters.'

t.test('ordinary text passes', async t => {
  for (const text of ['a', ' a ', 'été', '中文', '👍', '👨‍👩‍👧', 'a\u0301', 'a\nb', '\u200Ba', '‮abc'])
    t.equal(textProblem(text, 5), null, JSON.stringify(text))
})

t.test('text without a visible character is blank', async t => {
  for (const text of [
    '',
    ' ',
    '\t\r\n',
    '\u00A0\u2003\u3000',
    '\u200B\u200C\u200D\u2060\uFEFF',
    '\u00AD',
    '\u3164\u115F',
    '\u2800',
    '\uFE0F',
    '\u0007'
  ])
    t.equal(textProblem(text, 5), BLANK, JSON.stringify(text))
})

t.test('length counts characters, not bytes or UTF-16 units', async t => {
  t.equal(textProblem('😀'.repeat(5), 5), null)
  t.equal(textProblem('é'.repeat(5), 5), null)
  t.equal(textProblem('😀'.repeat(6), 5), LONG)
  t.equal(textProblem('aaaaaa', 5), LONG)
  t.equal(textProblem('a'.repeat(100_000), 5), LONG)
})

t.test('text that PostgreSQL or UTF-8 cannot hold is refused', async t => {
  t.equal(textProblem('a\0b', 5), 'Null characters are not allowed.')
  t.equal(textProblem('\0', 5), 'Null characters are not allowed.')
  for (const text of ['\uD800', 'a\uDC00', '\uDE00\uD83D'])
    t.equal(textProblem(text, 5), 'Not a valid string.', JSON.stringify(text))
})
