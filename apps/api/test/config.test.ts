import { randomBytes } from 'node:crypto'
import { ConfigError, describeEnv, parseEnv } from '@rendezvous/env'
import fastify from 'fastify'
import t from 'tap'
import { ApiVariables, signingKeys } from '../src/config.ts'
import { publicOrigin, trustedProxies } from '../src/network.ts'

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

t.test('trusted proxies are addresses, networks, named ranges or a number of proxies', async t => {
  const read = (TRUST_PROXY: string) => trustedProxies(parseEnv(ApiVariables, { TRUST_PROXY }).TRUST_PROXY ?? '')
  for (const text of [
    ...['127.0.0.1', ' 127.0.0.1 , ::1,', '10.0.0.0/8', 'fd00::/8,loopback', '1', ' 2 ', '::ffff:10.0.0.1'],
    '2001:db8::/128'
  ])
    t.ok(fastify({ trustProxy: read(text) }), text)

  const hops = read('1')
  t.ok(typeof hops === 'function' && hops('192.0.2.1', 0) && !hops('192.0.2.1', 1))
})

t.test('every other text for trusted proxies is refused by its name, and none crashes', async t => {
  for (const TRUST_PROXY of [
    ...['true', 'false', '*', '0', '17', '-1', '1.5', '1,2', '127.1', '0x7f.1', '2130706433', 'nginx', 'localhost'],
    ...['10.0.0.0/0', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/8/8', '::/129', '10.0.0.0/255.0.0.0', ',', ' '],
    ...['::ffff:10.0.0.0/96', 'fe80::1%eth0', '127.0.0.1 ::1', '256.0.0.1']
  ])
    t.throws(() => parseEnv(ApiVariables, { TRUST_PROXY }), { name: 'ConfigError', message: /TRUST_PROXY must be/ })
})

t.test('the public address is an origin, as browsers write it', async t => {
  t.equal(publicOrigin('https://Chat.Example:443/'), 'https://chat.example')
  for (const PUBLIC_URL of ['chat.example', 'https://chat.example/path', 'https://a:b@c', 'ftp://x', 'https:x', '/'])
    t.throws(() => parseEnv(ApiVariables, { PUBLIC_URL }), /PUBLIC_URL must be an origin/, PUBLIC_URL)
})

t.test('a secret must look random', async t => {
  for (const name of ['JWT_SECRET', 'JWT_SECRET_PREVIOUS']) {
    for (const secret of [
      ...['x'.repeat(64), 'ab'.repeat(32), 'password1!'.repeat(7), 'abcdefghijklmnopqrstuvwxyz0123456789'],
      ...['0123456789abcdef'.repeat(4), 'changeme'.repeat(8), ' '.repeat(40), '\u{1f511}'.repeat(40)]
    ])
      t.throws(
        () => parseEnv(ApiVariables, { [name]: secret }),
        new RegExp(`${name} must be at least 32 random`),
        secret
      )
    for (let n = 0; n < 1_000; n++) {
      parseEnv(ApiVariables, { [name]: randomBytes(16).toString('hex') })
      parseEnv(ApiVariables, { [name]: randomBytes(24).toString('base64') })
    }
  }
})
