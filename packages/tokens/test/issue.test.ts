import { randomUUID } from 'node:crypto'
import type { UserId } from '@rendezvous/contract'
import t from 'tap'
import { key, makeTokens, NOW, otherKey, peek, peekHeader } from './forge.ts'

const user = 7 as UserId

t.test('an access token names its user, session, key and expiry', async t => {
  const tokens = await makeTokens()
  const sessionId = randomUUID()
  const { token, claims } = tokens.issueAccess(user, sessionId)

  t.strictSame(peekHeader(token), { alg: 'HS256', typ: 'JWT', kid: 'k1' })
  t.strictSame(peek(token), {
    token_type: 'access',
    user_id: 7,
    sid: sessionId,
    jti: claims.tokenId,
    iat: NOW / 1000,
    exp: NOW / 1000 + 3600,
    iss: 'rendezvous',
    aud: 'chat'
  })
  t.strictSame(claims, { userId: 7, sessionId, tokenId: claims.tokenId, expiresAt: NOW + 3_600_000 })
  t.strictSame(tokens.verifyAccess(token), { ok: true, claims })
})

t.test('a refresh token has its generation', async t => {
  const tokens = await makeTokens()
  const first = tokens.issueRefresh(user, randomUUID(), 1)
  const second = tokens.issueRefresh(user, first.claims.sessionId, 2, first.claims)

  t.match([peek(first.token), peek(second.token)], [{ gen: 1 }, { gen: 2 }])
  t.strictSame(tokens.verifyRefresh(first.token), { ok: true, claims: first.claims })
  t.strictSame(tokens.verifyRefresh(second.token), { ok: true, claims: second.claims })
  t.equal(second.claims.parent, undefined)
})

t.test('a refresh token that replaces one without a generation names it as parent', async t => {
  const tokens = await makeTokens()
  const { generation, ...old } = tokens.issueRefresh(user, randomUUID(), 1).claims
  const { token, claims } = tokens.issueRefresh(user, old.sessionId, 2, old)

  t.strictSame(claims.parent, { tokenId: old.tokenId, expiresAt: old.expiresAt })
  t.strictSame(tokens.verifyRefresh(token), { ok: true, claims })
})

t.test('keys rotate: the first signs, and each verifies until it is removed', async t => {
  const before = await makeTokens({ keys: [key] })
  const during = await makeTokens({ keys: [otherKey, key] })
  const after = await makeTokens({ keys: [otherKey] })
  const old = before.issueAccess(user, randomUUID()).token
  const fresh = during.issueAccess(user, randomUUID()).token

  t.equal(peekHeader(fresh).kid, 'k2')
  t.ok(during.verifyAccess(old).ok)
  t.ok(during.verifyAccess(fresh).ok)
  t.ok(after.verifyAccess(fresh).ok)
  t.strictSame(after.verifyAccess(old), { ok: false, reason: 'invalid' })
})

t.test('unsafe keys are refused by id, without showing the secret', async t => {
  const short = { id: 'brief', secret: Buffer.from('hunter2') }
  await t.rejects(makeTokens({ keys: [] }), { name: 'RangeError' })
  await t.rejects(makeTokens({ keys: [{ ...key, id: '' }] }), { name: 'RangeError' })
  await t.rejects(makeTokens({ keys: [key, { ...otherKey, id: 'k1' }] }), { name: 'RangeError' })
  await t.rejects(makeTokens({ keys: [short] }), {
    message: 'the secret of signing key brief is shorter than 32 bytes'
  })
})
