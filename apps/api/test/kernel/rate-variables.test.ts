import { rates } from '@rendezvous/contract'
import { parseEnv } from '@rendezvous/env'
import t from 'tap'
import { passwordFailureRates, RateVariables, requestRates } from '../../src/rates.ts'

t.test('variables set the rates, all at once or one by one', async t => {
  const read = (env: Record<string, string>) => requestRates(parseEnv(RateVariables, env))
  t.match(read({}), { write: { limit: rates.write.limit, windowMs: rates.write.windowMs } })
  t.match(read({ RATE_WRITE: '7/1m', RATE_FACTOR: '2' }), {
    write: { limit: 14, windowMs: 60_000 },
    read: { limit: rates.read.limit * 2 }
  })
  t.match(read({ RATE_REGISTER: '0' }), { register: null })
  t.same(
    Object.values(read({ RATE_FACTOR: '0' })),
    Object.keys(rates).map(() => null)
  )
  t.match(passwordFailureRates(parseEnv(RateVariables, { RATE_FACTOR: '0' })), { account: { limit: 20 } })
  t.throws(() => read({ RATE_READ: '10' }), /RATE_READ must be a rate such as 2000\/10s/)
})
