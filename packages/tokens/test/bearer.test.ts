import { limits } from '@rendezvous/contract'
import { bearerToken } from '@rendezvous/tokens'
import t from 'tap'

t.test('a bearer header gives its token, whatever the case of its scheme and the white space around it', async t => {
  for (const header of ['Bearer a.b.c', 'bearer a.b.c', 'BEARER a.b.c', '  Bearer \t a.b.c  '])
    t.equal(bearerToken(header), 'a.b.c', JSON.stringify(header))
})

t.test('no header and another scheme are no credentials', async t => {
  for (const header of [undefined, '', ' ', 'Basic YTpi', 'Token a.b.c', 'Bearera.b.c', 'a.b.c'])
    t.equal(bearerToken(header), null, JSON.stringify(header))
})

t.test('a bearer header without a token, or with more than one, is malformed', async t => {
  for (const header of ['Bearer', 'Bearer ', 'Bearer a b', 'Bearer a b c'])
    t.throws(() => bearerToken(header), { code: 'bad_authorization_header' }, JSON.stringify(header))
})

t.test('a token longer than the limit is not valid, and one of its length is read', async t => {
  t.equal(bearerToken(`Bearer ${'a'.repeat(limits.tokenCharacters)}`)?.length, limits.tokenCharacters)
  t.throws(() => bearerToken(`Bearer ${'a'.repeat(limits.tokenCharacters + 1)}`), {
    code: 'token_not_valid',
    extra: { messages: [{ token_class: 'AccessToken', token_type: 'access', message: 'Token is invalid' }] }
  })
})
