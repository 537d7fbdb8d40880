import { parseEnv } from '@rendezvous/env'
import t from 'tap'
import { defaultSettings, GatewayVariables, gatewaySettings } from '../src/index.ts'

t.test('an empty environment gives the default settings', async t => {
  t.same(gatewaySettings(parseEnv(GatewayVariables, {})), defaultSettings)
})

t.test('variables replace the defaults', async t => {
  const settings = gatewaySettings(
    parseEnv(GatewayVariables, {
      ALLOWED_ORIGINS: 'https://a.example, https://b.example',
      HEARTBEAT_INTERVAL: '30s',
      WS_QUERY_TOKEN: 'false'
    })
  )
  t.same(settings.allowedOrigins, ['https://a.example', 'https://b.example'])
  t.equal(settings.heartbeatIntervalMs, 30_000)
  t.equal(settings.queryToken, false)
})

t.test('a heartbeat interval of zero is refused', async t => {
  t.throws(() => parseEnv(GatewayVariables, { HEARTBEAT_INTERVAL: '0' }), /HEARTBEAT_INTERVAL/)
})
