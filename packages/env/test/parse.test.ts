import t from 'tap'
import { type TObject, type TSchema, Type } from 'typebox'
import { ConfigError, Duration, parseEnv } from '../src/index.ts'

const all = Type.Object({
  PORT: Type.Integer({ minimum: 1, maximum: 65_535, default: 8_000 }),
  RATIO: Type.Number({ default: 0.5 }),
  TRACE: Type.Boolean({ default: false }),
  SECRET: Type.String({ minLength: 8 }),
  LISTS: Type.Union([Type.Literal('array'), Type.Literal('page')], { default: 'array' }),
  TOKEN_TTL: Duration({ default: 3_600_000, minimum: 1_000, maximum: 86_400_000 }),
  ORIGINS: Type.Array(Type.String(), { default: [] }),
  CODES: Type.Array(Type.Integer({ minimum: 1 }), { default: [1], maxItems: 3 }),
  DATABASE_URL: Type.Optional(Type.String({ format: 'uri' }))
})

const parseOne = (variable: TSchema, text: string) => parseEnv(Type.Object({ IT: variable }), { IT: text }).IT

function errorOf(schema: TObject, env: Record<string, string>): ConfigError {
  try {
    parseEnv(schema, env)
  } catch (error) {
    if (error instanceof ConfigError) return error
    throw error
  }
  throw new Error('parseEnv did not throw')
}

t.test('unset variables take their defaults, and optional ones are left out', async t => {
  t.strictSame(parseEnv(all, { SECRET: 'long enough' }), {
    PORT: 8_000,
    RATIO: 0.5,
    TRACE: false,
    SECRET: 'long enough',
    LISTS: 'array',
    TOKEN_TTL: 3_600_000,
    ORIGINS: [],
    CODES: [1]
  })
})

t.test('strings are parsed into the types of the schema', async t => {
  const env = {
    PORT: ' 80 ',
    RATIO: '-1.25',
    TRACE: 'TRUE',
    SECRET: ' kept as it is ',
    LISTS: 'page',
    TOKEN_TTL: '5m',
    ORIGINS: 'https://a.example, https://b.example,',
    CODES: '1, 2,3',
    DATABASE_URL: 'postgres://db.example/chat'
  }
  t.strictSame(parseEnv(all, env), {
    PORT: 80,
    RATIO: -1.25,
    TRACE: true,
    SECRET: ' kept as it is ',
    LISTS: 'page',
    TOKEN_TTL: 300_000,
    ORIGINS: ['https://a.example', 'https://b.example'],
    CODES: [1, 2, 3],
    DATABASE_URL: 'postgres://db.example/chat'
  })
})

t.test('durations are written with a unit or in milliseconds', async t => {
  const written = {
    '250': 250,
    '500ms': 500,
    '30s': 30_000,
    '5m': 300_000,
    '1h': 3_600_000,
    '14d': 1_209_600_000,
    '0s': 0
  }
  for (const [text, ms] of Object.entries(written)) t.equal(parseOne(Duration(), text), ms, text)
})

t.test('booleans are true, false, 1 or 0', async t => {
  for (const [text, value] of Object.entries({ true: true, '1': true, False: false, '0': false }))
    t.equal(parseOne(Type.Boolean(), text), value, text)
})

t.test('an empty variable counts as unset', async t => {
  t.equal(parseEnv(all, { SECRET: 'long enough', PORT: '', DATABASE_URL: '' }).PORT, 8_000)
  t.match(errorOf(all, { SECRET: '' }).problems, [{ name: 'SECRET', missing: true }])
})

t.test('variables outside the schema and inherited properties are ignored', async t => {
  t.notOk('HOME' in parseEnv(all, { SECRET: 'long enough', HOME: '/root' }))
  t.equal(parseEnv(all, Object.assign(Object.create({ PORT: '80' }), { SECRET: 'long enough' })).PORT, 8_000)
})

t.test('the result and its lists are frozen, and share no object with the schema', async t => {
  const config = parseEnv(all, { SECRET: 'long enough' })
  t.ok(Object.isFrozen(config) && Object.isFrozen(config.CODES))
  t.not(config.CODES, parseEnv(all, { SECRET: 'long enough' }).CODES)
})

t.test('every invalid variable is named with what it must be, and no value is shown', async t => {
  const env = {
    PORT: '99999',
    RATIO: 'hush-ratio',
    TRACE: 'hush-trace',
    SECRET: 'hush',
    LISTS: 'hush-lists',
    TOKEN_TTL: '2d',
    ORIGINS: 'fine',
    CODES: '1,hush-codes',
    DATABASE_URL: 'hush no uri'
  }
  const error = errorOf(all, env)
  t.equal(
    error.message,
    [
      'the environment is invalid:',
      '  PORT must be an integer from 1 to 65535',
      '  RATIO must be a number',
      '  TRACE must be true or false',
      '  SECRET must be text of at least 8 characters',
      '  LISTS must be one of array, page',
      '  TOKEN_TTL must be a duration such as 500ms, 30s, 5m, 1h or 14d from 1s to 1d',
      '  CODES must be a comma-separated list of at most 3 items, each an integer of at least 1',
      '  DATABASE_URL must be a text of format uri'
    ].join('\n')
  )
  t.notMatch(`${error.stack}${JSON.stringify(error)}`, /hush|99999|2d/)
})

t.test('a missing variable is reported as not set', async t => {
  t.equal(
    errorOf(all, {}).message,
    'the environment is invalid:\n  SECRET is not set; it must be text of at least 8 characters'
  )
})

t.test('a text that is not of the type is refused', async t => {
  const bad: [TSchema, string[]][] = [
    [Type.Integer(), ['1.5', '1e3', '0x10', 'ten', ' ', '9007199254740993', 'Infinity', '1 2']],
    [Type.Number(), ['1e3', '.', 'NaN', '1,5']],
    [Type.Boolean(), ['yes', 'on', 'truee']],
    [Duration(), ['99999999999999d', '-1s', '1.5s', '5 m', '5y', 's', '1h30m']],
    [Type.Array(Type.Integer()), ['1;2', '1,a']],
    [Type.String({ pattern: '^[a-z]+$' }), ['A', ' a']]
  ]
  for (const [schema, texts] of bad) for (const text of texts) t.throws(() => parseOne(schema, text), ConfigError, text)
})

t.test('a schema may state what a variable must be with `expected`', async t => {
  const schema = Type.Object({ URL: Type.String({ pattern: '^postgres://', expected: 'a postgres:// URL' }) })
  t.match(errorOf(schema, { URL: 'hush' }).message, 'URL must be a postgres:// URL')
  t.match(
    errorOf(Type.Object({ A: Type.String({ pattern: '^a+$' }) }), { A: 'b' }).message,
    'A must be text matching ^a+$'
  )
})

t.test('a schema that no variable can satisfy is a TypeError', async t => {
  t.throws(() => parseEnv(Type.Object({ A: Type.Object({}) }), {}), TypeError)
  t.throws(() => parseEnv(Type.Object({ A: Type.Integer({ default: 0, minimum: 1 }) }), {}), TypeError)
})
