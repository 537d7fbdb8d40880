import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ConfigError } from '@rendezvous/env'
import t from 'tap'
import { developmentSecret, isPublic, readConfig } from '../src/config.ts'

const SECRET = 'a secret of more than thirty-two characters'

t.test('production needs JWT_SECRET, and development does not', async t => {
  t.throws(() => readConfig({ NODE_ENV: 'production' }), ConfigError)
  t.throws(() => readConfig({ NODE_ENV: 'production' }), { message: /JWT_SECRET is not set/ })
  t.match(readConfig({ NODE_ENV: 'production', JWT_SECRET: SECRET }), { JWT_SECRET: SECRET })
  t.equal(readConfig({}).JWT_SECRET, undefined)
})

t.test('people are listed with addresses in development, and not at all in production, unless it is set', async t => {
  const production = { NODE_ENV: 'production', JWT_SECRET: SECRET }
  t.equal(readConfig({}).PEOPLE_LIST, 'emails')
  t.equal(readConfig(production).PEOPLE_LIST, 'off')
  t.equal(readConfig({ ...production, PEOPLE_LIST: 'names' }).PEOPLE_LIST, 'names')
  t.equal(readConfig({ PEOPLE_LIST: 'off' }).PEOPLE_LIST, 'off')
  t.throws(() => readConfig({ PEOPLE_LIST: 'all' }), { message: /PEOPLE_LIST must be one of off, names, emails/ })
})

t.test('the development secret of a folder is long, stays the same, and only its owner may read it', async t => {
  const root = t.testdir({ one: {}, other: {} })
  const folder = join(root, 'one')
  const secret = await developmentSecret(folder)

  t.ok(secret.length >= 32)
  t.equal(await developmentSecret(folder), secret)
  t.not(await developmentSecret(join(root, 'other')), secret)
  t.equal((await stat(join(folder, 'secret'))).mode & 0o777, 0o600)
})

t.test('a damaged secret is refused by the name of its file', async t => {
  const folder = t.testdir({ secret: 'short' })
  await t.rejects(developmentSecret(folder), { name: 'OperatorError', message: /secret .* is damaged\. Delete it/ })
})

t.test('a server is public unless it listens on this machine alone, without a proxy', async t => {
  for (const HOST of ['127.0.0.1', '127.0.1.1', '::1', 'localhost']) t.notOk(isPublic(readConfig({ HOST })), HOST)
  for (const HOST of ['0.0.0.0', '::', '192.0.2.7', 'chat.example', '127.example'])
    t.ok(isPublic(readConfig({ HOST })), HOST)
  t.ok(isPublic(readConfig({ TRUST_PROXY: '127.0.0.1' })))
})
