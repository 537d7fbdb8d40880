import t from 'tap'
import { Type } from 'typebox'
import { ConfigError, describeEnv, parseEnv, RateVariable, readRate } from '../src/index.ts'

const schema = Type.Object({
  RATE: RateVariable({ description: 'Requests.', default: { limit: 2_000, windowMs: 90_000 } })
})
const read = (text: string) => readRate(parseEnv(schema, { RATE: text }).RATE)

t.test('a rate is a burst and the time of its refill, or no limit', async t => {
  t.same(read('10/1s'), { limit: 10, windowMs: 1_000 })
  t.same(read('1/500ms'), { limit: 1, windowMs: 500 })
  t.same(read('20/10m'), { limit: 20, windowMs: 600_000 })
  t.equal(read('0'), null)
  t.same(read(''), { limit: 2_000, windowMs: 90_000 }, 'unset')
  t.match(describeEnv(schema), [{ default: '2000/90s' }])
})

t.test('a factor multiplies the limit, to at least one; the factor 0 removes it', async t => {
  t.same(readRate('10/1s', 2.5), { limit: 25, windowMs: 1_000 })
  t.same(readRate('10/1s', 0.001), { limit: 1, windowMs: 1_000 })
  t.equal(readRate('10/1s', 0), null)
  t.equal(readRate('0', 5), null)
})

t.test('any other text is refused', async t => {
  for (const text of [
    '10',
    '10/s',
    '0/1s',
    '10/0s',
    '-1/1s',
    '1.5/1s',
    '10/1s ',
    '10 / 1s',
    '1e9/1s',
    'off',
    '10/1y'
  ]) {
    t.throws(() => read(text), ConfigError, text)
  }
  t.throws(() => readRate('nonsense'), TypeError)
})
