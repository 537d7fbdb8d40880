import { memoryBus } from '@rendezvous/cluster'
import { defaultSettings, gatewayPlugin, systemTimers } from '@rendezvous/gateway'
import { buildApi, type DatabaseSettings, type SendServer } from './api.ts'

/** Api and gateway in one process, as `standalone` runs them, on PostgreSQL. */
export async function openChat(settings: DatabaseSettings): Promise<SendServer> {
  const { server, wire, listen, ...shared } = await buildApi(settings)
  await server.register(gatewayPlugin, {
    ...shared,
    openBus: listener => memoryBus(wire, listener),
    settings: defaultSettings,
    timers: systemTimers,
    random: Math.random
  })
  return listen()
}
