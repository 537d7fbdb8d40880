import t from 'tap'
import { Type } from 'typebox'
import { Duration, describeEnv, parseEnv } from '../src/index.ts'

t.test('each variable is described, with its default as written in the environment', async t => {
  const schema = Type.Object({
    PORT: Type.Integer({ default: 8_000, description: 'Port of the public listener' }),
    TRACE: Type.Boolean({ default: false }),
    TOKEN_TTL: Duration({ default: 3_600_000 }),
    DELAYS: Type.Array(Duration(), { default: [0, 1, 1_500, 90_000] }),
    SECRET: Type.String({ description: 'Signs tokens' }),
    REDIS_URL: Type.Optional(Type.String())
  })
  const row = { description: '', required: false }
  t.strictSame(describeEnv(schema), [
    { ...row, name: 'PORT', default: '8000', description: 'Port of the public listener' },
    { ...row, name: 'TRACE', default: 'false' },
    { ...row, name: 'TOKEN_TTL', default: '1h' },
    { ...row, name: 'DELAYS', default: '0s,1ms,1500ms,90s' },
    { ...row, name: 'SECRET', default: null, description: 'Signs tokens', required: true },
    { ...row, name: 'REDIS_URL', default: null }
  ])
})

t.test('a described default parses to the default itself', async t => {
  const schema = Type.Object({
    A: Duration({ default: 86_400_000 }),
    B: Type.Array(Type.String(), { default: ['x', 'y'] })
  })
  const written = Object.fromEntries(describeEnv(schema).map(row => [row.name, row.default ?? '']))
  t.strictSame(parseEnv(schema, written), parseEnv(schema, {}))
})
