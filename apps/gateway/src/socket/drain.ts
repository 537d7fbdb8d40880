import type { Node } from '../node.ts'
import type { Connection } from './connection.ts'

/** Milliseconds between two sockets that a draining node closes. Less when all would take longer than `drainMs`. */
const SPACING_MS = 1

/** The sockets of this node. */
export interface Sockets {
  readonly size: number
  add(connection: Connection): void
  delete(connection: Connection): void
  /** Closes all sockets, spread out so that clients do not all reconnect at once. Terminates those that do not close in
   *  time.
   *  Resolves when none is left. */
  drain(): Promise<void>
}

/** An empty set of sockets. */
export function openSockets(node: Pick<Node, 'settings' | 'timers' | 'random'>): Sockets {
  const { settings, timers, random } = node
  const connections = new Set<Connection>()
  let onEmpty: (() => void) | null = null

  function disconnectAll(): void {
    const spacing = Math.min(SPACING_MS, settings.drainMs / connections.size)
    for (const [index, connection] of [...connections].entries()) {
      const afterMs = Math.floor(random() * settings.reconnectSpreadMs)
      timers.after(index * spacing, () => connection.disconnect(afterMs))
    }
  }

  return {
    get size() {
      return connections.size
    },
    add: connection => void connections.add(connection),
    delete(connection) {
      connections.delete(connection)
      if (connections.size === 0) onEmpty?.()
    },
    async drain() {
      if (connections.size === 0) return
      const empty = new Promise<void>(resolve => {
        onEmpty = resolve
      })
      disconnectAll()
      const cancel = timers.after(settings.drainMs + settings.closeTimeoutMs, () => {
        for (const connection of connections) connection.terminate()
      })
      await empty
      cancel()
    }
  }
}
