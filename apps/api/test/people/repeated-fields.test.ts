import t from 'tap'
import { startApi } from '../app.ts'

const PROFILE = '/api/v1/auth/profile/'
const api = await startApi(t)

t.test('a form that sends the whole profile back may change either name of a fact', async t => {
  const ann = await api.join()
  await ann.ask('PATCH', PROFILE, { phone: '1', birth_date: '1990-01-01' })
  for (const [change, value] of [
    [{ phone_number: '2' }, '2'],
    [{ phone: '3' }, '3'],
    [{ phone_number: '' }, '']
  ] as const) {
    const { body: profile } = await ann.ask('GET', PROFILE)
    const { status, body } = await ann.ask('PUT', PROFILE, { ...profile, ...change })
    t.match({ status, body }, { status: 200, body: { phone: value, phone_number: value } })
  }
  for (const date_of_birth of ['1991-02-02', null]) {
    const { body: profile } = await ann.ask('GET', PROFILE)
    const { body } = await ann.ask('PUT', PROFILE, { ...profile, date_of_birth })
    t.match(body, { birth_date: date_of_birth, date_of_birth })
  }
})

t.test('two values that both differ: our own name counts', async t => {
  const ann = await api.join()
  t.match((await ann.ask('PATCH', PROFILE, { phone: '5', phone_number: '6' })).body, { phone: '5' })
})

t.test('a changed value that is invalid is refused under its name', async t => {
  const ann = await api.join()
  const { body: profile } = await ann.ask('GET', PROFILE)
  const { status, body } = await ann.ask('PUT', PROFILE, { ...profile, phone_number: 'x'.repeat(200) })
  t.match({ status, body }, { status: 400, body: { phone_number: [String] } })
})
