import t from 'tap'
import { databaseFailure } from '../src/database.ts'

const url = 'postgresql://me:geheim@db.example:5433/chat'

/** The text for an error of pg with `code` and `message`. */
function textOf(code: string, message = 'x', address = url): string | undefined {
  return databaseFailure(Object.assign(new Error(message), code === '' ? {} : { code }), address)?.message
}

t.test('each way in which PostgreSQL refuses is named, with what to do, and without the password', async t => {
  const cases: [string, string, RegExp][] = [
    ['ECONNREFUSED', '', /cannot be reached at db.example:5433 \(ECONNREFUSED\).*Start it.*DATABASE_URL/],
    ['ENOTFOUND', '', /cannot be reached at db.example:5433/],
    ['', 'timeout expired', /cannot be reached at db.example:5433 \(no answer\)/],
    ['3D000', 'database "chat" does not exist', /^Database "chat" does not exist at db.example:5433.*createdb chat/],
    ['28P01', 'password authentication failed', /refused the password of role "me"/],
    ['28000', 'role "me" does not exist', /^Role "me" does not exist.*createuser me/],
    ['28000', 'no pg_hba.conf entry for host', /no pg_hba.conf entry/],
    ['', 'SASL: client password must be a string', /wants a password for role "me"/],
    ['', 'The server does not support SSL connections', /does not offer TLS/],
    ['42501', 'permission denied for schema public', /permission denied for schema public.*owner/],
    ['53300', '', /no free connection/],
    ['57P03', '', /still starting/],
    ['25006', '', /read-only/]
  ]
  for (const [code, message, text] of cases) {
    t.match(textOf(code, message), text, code || message)
    t.notMatch(textOf(code, message), /geheim/)
  }
})

t.test('an address that cannot be parsed is named by its variable', async t => {
  t.match(textOf('ERR_INVALID_URL', '', 'postgresql://a:b@c:port/d'), /^DATABASE_URL is not an address/)
})

t.test('malformed percent-encoding in an address is shown as it is', async t => {
  t.match(textOf('ENOTFOUND', '', 'postgresql://%zz:geheim@h/%'), /cannot be reached at h:5432/)
  t.match(textOf('3D000', '', 'postgresql://%zz:geheim@h/%'), /^Database "%" does not exist/)
})

t.test('any other error is not about the connection', async t => {
  t.equal(textOf('23505'), undefined)
  t.equal(textOf('ECONNREFUSED_NOT'), undefined)
  t.equal(databaseFailure('a text', url), null)
})
