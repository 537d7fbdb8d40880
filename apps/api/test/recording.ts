import type { Bus, Delivery } from '@rendezvous/cluster'
import { ClusterError } from '@rendezvous/cluster'

/** A bus that notes what is published, and that a test can take down. */
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
    /** What was published since the last call, without its times and versions: topics, header, frames. */
    take() {
      return published.splice(0).map(({ topics, envelope: { header, frames } }) => ({
        topics,
        header,
        frames: frames.map(frame => JSON.parse(frame))
      }))
    }
  }
}
