export { gatewayPlugin } from './app.ts'
export { GatewayVariables, gatewaySettings } from './config.ts'
export { defaultSettings, type GatewaySettings } from './settings.ts'
export { systemTimers, type Timers } from './timers.ts'
