import t from 'tap'
import { djangoVerifies, isDjangoHash, remainingChecks } from '../../src/services/django-hashes.ts'
import { type HashEngine, passwordService } from '../../src/services/passwords.ts'

const asker = { ip: '192.0.2.1' }

/** Made by Django 5.2's `make_password`. */
const hashes = {
  default: {
    password: 'correct horse',
    hash: 'pbkdf2_sha256$1000000$t6TOqmQQYapUEruQnY53Qr$0N9oUiOqW7pBM7o1JD8w/KhlVcludNkkUfzRuiPW/kU='
  },
  old: { password: 'pässwörd ✓', hash: 'pbkdf2_sha256$1000$salt$gwZaaqRPm2mMAEDdOkNjra3X6RWWhmDPZXIEAY22uww=' },
  argon2: {
    password: 'correct horse',
    hash: 'argon2$argon2id$v=19$m=102400,t=2,p=8$S29LSUVyMm5sdjFWMTV2MmQ3TTJXag$Gsf4uFHexjJvzChv2ojHw1j2cB7482IP9arj8XEUtxg'
  }
}
const others = {
  unusable: '!FH04xYEDpB4GH1PrhxBU9WcEhQJS1akrGhumOPAz',
  scrypt:
    'scrypt$16384$vWZyTbjlVK52tTpUc9Wkfb$8$5$zZUI6lwRwzxrxrhlgpIcdQ5H2hokd/nT0neiygiNVhjFoehTApqafEoTc5DEItxt8Csy3og2gbZ5H/vR2KQXHQ==',
  sha1: 'pbkdf2_sha1$1000$salt$gwZaaqRPm2mMAEDdOkNjra3X6RWWhmDPZXIEAY22uww=',
  endless: 'pbkdf2_sha256$9999999$salt$gwZaaqRPm2mMAEDdOkNjra3X6RWWhmDPZXIEAY22uww=',
  none: 'pbkdf2_sha256$0$salt$gwZaaqRPm2mMAEDdOkNjra3X6RWWhmDPZXIEAY22uww=',
  short: 'pbkdf2_sha256$1000$salt$gwZaaqRPm2k=',
  greedy:
    'argon2$argon2id$v=19$m=999999,t=2,p=8$S29LSUVyMm5sdjFWMTV2MmQ3TTJXag$Gsf4uFHexjJvzChv2ojHw1j2cB7482IP9arj8XEUtxg'
}

t.test('passwords fit the hashes that Django made of them, and no other password does', async t => {
  const passwords = passwordService()
  for (const { hash, password } of Object.values(hashes)) {
    t.ok(isDjangoHash(hash), hash)
    t.ok(passwords.isOld(hash), hash)
    t.ok(await passwords.verify(hash, password, asker), hash)
    t.notOk(await passwords.verify(hash, `${password}!`, asker), hash)
  }
  t.notOk(passwords.isOld(await passwords.hash('correct horse', asker)))
})

t.test('what is unusable, of another hasher, malformed or endless work fits nothing', async t => {
  const passwords = passwordService()
  for (const hash of Object.values(others)) {
    t.notOk(isDjangoHash(hash), hash)
    t.notOk(await passwords.verify(hash, 'correct horse', asker), hash)
    t.notOk(await passwords.verify(hash, 'pässwörd ✓', asker), hash)
  }
})

t.test('a check that fails takes the same work, whatever was checked', async t => {
  const work: string[] = []
  const note = async (hash: string) => {
    work.push(hash)
    return false
  }
  const noted = Object.keys(djangoVerifies).map(prefix => [prefix, note])
  const engine: HashEngine = { hash: async () => '', verifies: { $argon2id$: note, ...Object.fromEntries(noted) } }
  const costs = [
    'argon2$argon2id$v=19$m=102400,t=2,p=8',
    'pbkdf2_sha256$1000',
    'pbkdf2_sha256$1000000',
    'pbkdf2_sha256$9999999'
  ]
  const passwords = passwordService({ engine, oldCosts: async () => costs })
  const workOf = async (hash: string | null) => {
    work.length = 0
    await passwords.verify(hash, 'wrong', asker)
    const iterations = work.map(each => (isDjangoHash(each) ? Number(/^pbkdf2_sha256\$(\d+)/.exec(each)?.[1] ?? 0) : 0))
    return {
      iterations: iterations.reduce((sum, each) => sum + each, 0),
      argon2: work.filter(each => each.startsWith('argon2$') && isDjangoHash(each)).length,
      own: work.filter(each => each.startsWith('$argon2id$')).length
    }
  }

  const tried = [null, '$argon2id$v=19$m=19456,t=2,p=1$x$y', ...Object.values(hashes).map(({ hash }) => hash)]
  for (const hash of [...tried, ...Object.values(others)]) {
    t.strictSame(await workOf(hash), { iterations: 1_000_000, argon2: 1, own: 1 }, String(hash))
  }
})

t.test('where nobody has an old hash any more, a failure costs one check of our own', async t => {
  t.strictSame(remainingChecks(null, []), [])
  t.strictSame(remainingChecks(hashes.old.hash, ['pbkdf2_sha256$1000']), [])
})
