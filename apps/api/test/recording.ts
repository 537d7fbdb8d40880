import type { Bus, Delivery } from '@rendezvous/cluster'
import { ClusterError } from '@rendezvous/cluster'

/** A bus that records published deliveries. A test can take it down. */
export function recordingBus() {
  const published: Delivery[] = []
  let down = false
  const bus: Pick<Bus, 'publish'> = {
    async publish(deliveries) {
      if (down) throw new ClusterError('unreachable', 'down')
      published.push(...deliveries)
    }
  }
  return {
    bus,
    published,
    goDown() {
      down = true
    },
    comeUp() {
      down = false
    },
    /** The topics, header and parsed frames of each delivery since the last call. */
    take() {
      return published.splice(0).map(({ topics, envelope: { header, frames } }) => ({
        topics,
        header,
        frames: frames.map(frame => JSON.parse(frame))
      }))
    }
  }
}
