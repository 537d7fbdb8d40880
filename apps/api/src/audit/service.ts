import type { Limits } from '@rendezvous/cluster'
import type { Audit, Report, SecurityEvent } from './port.ts'

/** The ports and settings of the audit. */
export interface AuditServiceOptions {
  readonly audit: Audit
  readonly limits: Pick<Limits, 'take'>
  readonly report: Report
  /** How long events are kept. At least a day. */
  readonly auditRetentionMs: number
}

/** Failures of people who are not signed in that are recorded at most. Others have made as many before, so one more
 *  tells nothing. This is what bounds the table under attack. */
const FAILURES = { limit: 1_000, windowMs: 3_600_000, cost: 1 }
const PURGED_AT_ONCE = 1_000
const PURGE_ROUNDS = 100

/** Records and purges security events. */
export type AuditService = ReturnType<typeof auditService>

/** The service over the port `audit`. */
export function auditService({ audit, limits, report, auditRetentionMs }: AuditServiceOptions) {
  let omitted = 0
  return {
    /** Stores and reports the failure of somebody who need not be signed in. Above 1,000 an hour it only counts them;
     *  the next event that is stored says how many were left out. */
    async recordFailure(event: SecurityEvent): Promise<void> {
      const { allowed } = await limits.take('audit:failures', FAILURES)
      if (!allowed) {
        omitted += 1
        return
      }
      const counted = omitted === 0 ? event : { ...event, detail: { ...event.detail, omitted } }
      omitted = 0
      await audit.append(counted)
      report(counted)
    },

    /** Deletes events older than the retention, up to 100,000. Returns how many. The worker calls it every hour. */
    async purge(): Promise<number> {
      let total = 0
      for (let round = 0; round < PURGE_ROUNDS; round++) {
        const purged = await audit.purge({ ageMs: auditRetentionMs, limit: PURGED_AT_ONCE })
        total += purged
        if (purged < PURGED_AT_ONCE) break
      }
      return total
    }
  }
}
