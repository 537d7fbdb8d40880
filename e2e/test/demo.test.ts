import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { http } from '@rendezvous/client'
import t from 'tap'
import { checkedFetch } from './contract/checked.ts'
import { startStandalone } from './standalone.ts'

t.test('demo accounts exist in a new folder, and never in production', async t => {
  const demo = await startStandalone(t.testdir())
  t.ok(demo.output().includes(`${demo.url}/docs`))
  t.match(demo.output(), 'demo_ana, demo_ben, demo_chloe')
  for (const name of ['demo_ana', 'demo_ben', 'demo_chloe'])
    t.ok(await http(demo.url, checkedFetch).login(name, 'rendezvous-demo'))
  await demo.stop()

  const production = await startStandalone(t.testdir({ production: {} }), {
    NODE_ENV: 'production',
    JWT_SECRET: randomBytes(32).toString('hex')
  })
  t.teardown(() => production.stop())

  t.notMatch(production.output(), /demo_ana/)
  await t.rejects(http(production.url, checkedFetch).login('demo_ana', 'rendezvous-demo'), {
    code: 'no_active_account'
  })
})

t.test('demo accounts of a folder that was first used in development are disabled in production', async t => {
  const folder = t.testdir()
  const development = await startStandalone(folder)
  t.teardown(() => development.kill())
  const ben = http(development.url, checkedFetch)
  await ben.login('demo_ben', 'rendezvous-demo')
  const changed = { old_password: 'rendezvous-demo', new_password: 'known to nobody else' }
  await ben.request('POST', '/api/v1/auth/change-password/', changed)
  const ana = http(development.url, checkedFetch)
  await ana.login('demo_ana', 'rendezvous-demo')
  await development.stop()
  const secret = await readFile(join(folder, 'secret'), 'utf8')

  const production = await startStandalone(folder, { NODE_ENV: 'production', JWT_SECRET: secret })
  t.teardown(() => production.stop())

  t.match(production.output(), /^Disabled the demo accounts demo_ana, demo_chloe: .*password\.$/m)
  const { login } = http(production.url, checkedFetch)
  await t.rejects(login('demo_ana', 'rendezvous-demo'), { code: 'no_active_account' })
  await login('demo_ben', 'known to nobody else')
  const profile = `${production.url}/api/v1/auth/profile/`
  const answer = await checkedFetch(profile, { headers: { authorization: `Bearer ${ana.access}` } })
  t.equal(answer.status, 401, 'a token from before is of no use')
})

t.test('demo accounts are not offered where other machines may reach the server', async t => {
  const folder = t.testdir()
  for (const env of [{ HOST: '0.0.0.0' }, { TRUST_PROXY: '127.0.0.1' }]) {
    const server = await startStandalone(folder, env)
    t.notMatch(server.output(), /demo_ana/)
    await t.rejects(http(server.url, checkedFetch).login('demo_ana', 'rendezvous-demo'), { code: 'no_active_account' })
    await server.stop()
  }
})
