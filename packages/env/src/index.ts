export { Duration } from './duration.ts'
export { ConfigError } from './error.ts'
export { describeEnv, type Env, parseEnv } from './parse.ts'
export { RateFactor, RateVariable, readRate } from './rate.ts'
