import { ConfigError, describeEnv, parseEnv } from '@rendezvous/env'
import t from 'tap'
import { ApiVariables, signingKeys } from '../src/config.ts'

const SECRET = 'a secret of more than 32 characters'

t.test('every setting has a default when no variable is set', async t => {
  t.match(parseEnv(ApiVariables, {}), {
    ACCESS_TOKEN_TTL: 3_600_000,
    REFRESH_TOKEN_TTL: 1_209_600_000,
    CORS_ORIGINS: ['*'],
    LISTS: 'array',
    JWT_SECRET: undefined
  })
})

t.test('the error for a bad variable names it and does not show its value', async t => {
  const read = () =>
    parseEnv(ApiVariables, { JWT_SECRET: 'tooshort', DATABASE_URL: 'mysql://root:hunter2@x', LISTS: 'both' })
  t.throws(read, ConfigError)
  for (const name of [/JWT_SECRET/, /DATABASE_URL/, /LISTS/]) t.throws(read, name)
  t.throws(read, { message: /^(?![\s\S]*(tooshort|hunter2|both))/ })
})

t.test('every variable has a description', async t => {
  for (const { name, description } of describeEnv(ApiVariables)) t.match(description, /^\S.*\.$/, name)
})

t.test('the id of a key depends on its secret alone, and the signing key is first', async t => {
  const [current, previous] = signingKeys(SECRET, `${SECRET}, older`)
  t.not(current?.id, previous?.id)
  t.equal(current?.id, signingKeys(SECRET)[0]?.id)
  t.notMatch(current?.id, SECRET)
})
