import { type FailureRates, failureRates, type RateClass, rates } from '@rendezvous/contract'
import { RateFactor, RateVariable, readRate } from '@rendezvous/env'
import { type Static, type TString, Type } from 'typebox'
import type { RequestRates } from './kernel/limits.ts'

const requests = (name: RateClass) => {
  const { description, by } = rates[name]
  return RateVariable({ description: `Requests by ${by}. ${description}.`, default: rates[name] })
}
const failures = (name: keyof typeof failureRates): TString => {
  const { description } = failureRates[name]
  return RateVariable({ description: `${description}; above it 429.`, default: failureRates[name] })
}

/** The variables for rates of HTTP requests and wrong passwords. */
export const RateVariables = Type.Object({
  RATE_FACTOR: RateFactor,
  RATE_READ: requests('read'),
  RATE_WRITE: requests('write'),
  RATE_SEARCH: requests('search'),
  RATE_PEOPLE: requests('people'),
  RATE_SYNC: requests('sync'),
  RATE_PUBLIC: requests('public'),
  RATE_LOGIN: requests('login'),
  RATE_REGISTER: requests('register'),
  LOGIN_FAILURES: failures('account'),
  LOGIN_FAILURES_ADDRESS: failures('address'),
  LOGIN_FAILURES_STRANGERS: failures('strangers'),
  PASSWORD_CHANGE_FAILURES: failures('change')
})
type RateConfig = Readonly<Static<typeof RateVariables>>

/** The rates of requests from the variables. */
export function requestRates(config: RateConfig): RequestRates {
  const { RATE_FACTOR: factor } = config
  return {
    read: readRate(config.RATE_READ, factor),
    write: readRate(config.RATE_WRITE, factor),
    search: readRate(config.RATE_SEARCH, factor),
    people: readRate(config.RATE_PEOPLE, factor),
    sync: readRate(config.RATE_SYNC, factor),
    public: readRate(config.RATE_PUBLIC, factor),
    login: readRate(config.RATE_LOGIN, factor),
    register: readRate(config.RATE_REGISTER, factor)
  }
}

/** The rates of wrong passwords from the variables. `RATE_FACTOR` does not apply: a load test uses right passwords. */
export function passwordFailureRates(config: RateConfig): FailureRates {
  return {
    account: readRate(config.LOGIN_FAILURES),
    address: readRate(config.LOGIN_FAILURES_ADDRESS),
    strangers: readRate(config.LOGIN_FAILURES_STRANGERS),
    change: readRate(config.PASSWORD_CHANGE_FAILURES)
  }
}
