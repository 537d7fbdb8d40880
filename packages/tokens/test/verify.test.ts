import { randomUUID } from 'node:crypto'
import type { UserId } from '@rendezvous/contract'
import { refusals } from '@rendezvous/tokens'
import fc from 'fast-check'
import t from 'tap'
import { forge, key, makeTokens, NOW, otherKey, payload } from './forge.ts'

const seconds = NOW / 1000

/** Invalid tokens, by what is wrong with them. */
const forgeries: Record<string, string> = {
  'has algorithm none': forge(payload(), { alg: 'none' }),
  'has algorithm none and a signature': `${forge(payload(), { alg: 'none' })}c2ln`,
  'is signed with another algorithm': forge(payload(), { alg: 'HS512' }),
  'is signed with another key': forge(payload(), {}, otherKey.secret),
  'names an unknown key': forge(payload(), { kid: 'k9' }),
  'names no key': forge(payload(), { kid: undefined }),
  'names a key that is not a string': forge(payload(), { kid: ['k1'] }),
  'has an altered payload': forge(payload()).replace(/\.[^.]+\./, `.${forge(payload({ user_id: 8 })).split('.')[1]}.`),
  'is not valid yet': forge(payload({ nbf: seconds + 1 })),
  'is for another audience': forge(payload({ aud: 'mail' })),
  'is for several audiences': forge(payload({ aud: ['chat', 'mail'] })),
  'is from another issuer': forge(payload({ iss: 'elsewhere' })),
  'has a user id in a string': forge(payload({ user_id: '7' })),
  'has a fraction for a user id': forge(payload({ user_id: 7.5 })),
  'has a user id beyond int4': forge(payload({ user_id: 2 ** 31 })),
  'has a user id of zero': forge(payload({ user_id: 0 })),
  'has a session that is not a UUID': forge(payload({ sid: "'; drop table" })),
  'has an expiry in a string': forge(payload({ exp: String(seconds + 60) })),
  'has a payload that is an array': forge([payload()]),
  'has a payload that is null': forge(null),
  'is longer than the limit': forge(payload({ padding: 'x'.repeat(5_000) })),
  'requires an extension': forge(payload(), { crit: ['b64'], b64: false }),
  'is empty': '',
  'is only dots': '..',
  'is a word': 'token'
}

t.test('a forged or broken access token is invalid', async t => {
  const tokens = await makeTokens()
  t.ok(tokens.verifyAccess(forge(payload())).ok, 'forge() can make a valid token')
  for (const [flaw, token] of Object.entries(forgeries)) {
    t.strictSame(tokens.verifyAccess(token), { ok: false, reason: 'invalid' }, `a token that ${flaw}`)
    t.strictSame(tokens.verifyAccessOnce(token), { ok: false, reason: 'invalid' }, `a token that ${flaw}, once`)
  }
})

t.test('verifyAccessOnce returns the same claims as verifyAccess', async t => {
  const tokens = await makeTokens()
  const access = tokens.issueAccess(7 as UserId, randomUUID())
  t.strictSame(tokens.verifyAccessOnce(access.token), { ok: true, claims: access.claims })
  t.strictSame(tokens.verifyAccess(access.token), { ok: true, claims: access.claims })
})

t.test('a token without one of its claims is invalid', async t => {
  const tokens = await makeTokens()
  for (const claim of ['iss', 'aud', 'token_type', 'user_id', 'sid', 'jti', 'iat', 'exp']) {
    t.strictSame(tokens.verifyAccess(forge(payload({ [claim]: undefined }))), { ok: false, reason: 'invalid' }, claim)
  }
})

t.test('a token is valid until the second of its expiry', async t => {
  let now = NOW
  const tokens = await makeTokens({ clock: () => now })
  const access = tokens.issueAccess(7 as UserId, randomUUID())
  const refresh = tokens.issueRefresh(7 as UserId, randomUUID(), 1)

  now = access.claims.expiresAt - 1
  t.ok(tokens.verifyAccess(access.token).ok)
  now = access.claims.expiresAt
  t.strictSame(tokens.verifyAccess(access.token), { ok: false, reason: 'expired' })
  now = refresh.claims.expiresAt
  t.strictSame(tokens.verifyRefresh(refresh.token), { ok: false, reason: 'expired' })
})

t.test('an access token does not verify as a refresh token, nor the reverse', async t => {
  const tokens = await makeTokens()
  const access = tokens.issueAccess(7 as UserId, randomUUID()).token
  const refresh = tokens.issueRefresh(7 as UserId, randomUUID(), 1).token

  t.strictSame(tokens.verifyAccess(refresh), { ok: false, reason: 'wrong_type' })
  t.strictSame(tokens.verifyRefresh(access), { ok: false, reason: 'wrong_type' })
  t.equal(refusals.wrong_type, 'Token has wrong type')
})

t.test('a token that another node issued with a clock slightly ahead is valid', async t => {
  const ahead = await makeTokens({ clock: () => NOW + 900 })
  const behind = await makeTokens()
  t.ok(behind.verifyAccess(ahead.issueAccess(7 as UserId, randomUUID()).token).ok)
})

t.test('no string makes verification throw', async t => {
  const tokens = await makeTokens({ keys: [key, otherKey] })
  const part = fc.oneof(
    fc.string(),
    fc.json().map(json => Buffer.from(json).toString('base64url')),
    fc.constant(forge(payload()).split('.')[0] ?? '')
  )
  const token = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(part, { maxLength: 4 }).map(parts => parts.join('.'))
  )
  const refused = fc.property(token, text => !tokens.verifyAccess(text).ok && !tokens.verifyRefresh(text).ok)
  t.doesNotThrow(() => fc.assert(refused))
})
