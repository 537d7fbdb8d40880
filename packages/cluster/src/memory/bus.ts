import { randomUUID } from 'node:crypto'
import { setImmediate as turn } from 'node:timers/promises'
import type { Bus, BusListener } from '../bus.ts'
import { decode, type Envelope, encode } from '../envelope.ts'
import { closed } from '../error.ts'
import type { Receiver } from './network.ts'
import type { MemoryWire } from './wire.ts'

/** The bus of one node on `wire`. `node` is its name for `wire.faults`, random by default. */
export function memoryBus(wire: MemoryWire, listener: BusListener, options: { readonly node?: string } = {}): Bus {
  const link = wire.attach(options.node ?? randomUUID(), receiver(listener))
  let open = true

  const refuseClosed = () => {
    if (!open) throw closed()
  }

  return {
    async publish(deliveries) {
      refuseClosed()
      const encoded = deliveries.map(({ topics, envelope }) => ({ topics, bytes: encode(envelope) }))
      for (const { topics, bytes } of encoded) for (const topic of topics) link.send(topic, bytes)
      await turn()
    },
    async subscribe(topics) {
      refuseClosed()
      await turn()
      refuseClosed()
      link.join(topics)
    },
    async unsubscribe(topics) {
      refuseClosed()
      await turn()
      link.leave(topics)
    },
    async close() {
      if (!open) return
      open = false
      link.detach()
    }
  }
}

function receiver(listener: BusListener): Receiver {
  return {
    onBytes(topic, bytes, ageMs) {
      let envelope: Envelope
      try {
        envelope = decode(bytes)
      } catch {
        listener.onInterruption([topic], ageMs) // a malformed envelope counts as lost
        return
      }
      listener.onMessage(topic, envelope)
    },
    onInterruption: (topics, deafMs) => listener.onInterruption(topics, deafMs)
  }
}
