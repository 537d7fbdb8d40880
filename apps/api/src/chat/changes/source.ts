import type { ConversationId } from '@rendezvous/contract'
import type { StreamSource } from '../../announce/outbox/port.ts'
import { changeDeliveries } from './deliveries.ts'
import type { Change, Changes } from './port.ts'

/** Rebuilds the announcements of conversations. Their streams in the outbox are the numbers above zero. `published`
 *  gets the changes once they are published; it neither waits nor throws. */
export function conversationSource(changes: Changes, published: (changes: readonly Change[]) => void): StreamSource {
  return {
    covers: stream => stream > 0,
    async rebuild(ranges) {
      const found = await changes.read(
        ranges.map(({ stream, fromSeq, toSeq }) => ({ conversationId: stream as ConversationId, fromSeq, toSeq }))
      )
      return { deliveries: changeDeliveries(found), published: () => published(found) }
    }
  }
}
