import type { Delivery } from '@rendezvous/cluster'
import type { UserId } from '@rendezvous/contract'
import type { StreamSource } from '../outbox/port.ts'
import { personalDeliveries } from './deliveries.ts'
import type { PersonalChange, PersonalStreams } from './port.ts'

/** Control messages that follow from personal events, e.g. to close the sockets of an ended session. They are
 *  derived from the events and from stored state, so that a sweep can repeat them. */
export type Controls = (changes: readonly PersonalChange[]) => Promise<readonly Delivery[]>

/** The source of personal streams. The outbox names them by negative ids. Events come before their controls. */
export function personalSource(streams: PersonalStreams, controls: readonly Controls[]): StreamSource {
  return {
    covers: stream => stream < 0,
    async rebuild(ranges) {
      const changes = await streams.read(
        ranges.map(({ stream, fromSeq, toSeq }) => ({ userId: -stream as UserId, fromSeq, toSeq }))
      )
      const deliveries = personalDeliveries(changes)
      for (const control of controls) deliveries.push(...(await control(changes)))
      return { deliveries }
    }
  }
}
