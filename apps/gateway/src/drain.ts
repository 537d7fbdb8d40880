import type { Connection } from './connection.ts'
import type { Node } from './node.ts'

/** Between two sockets that a draining node closes, in milliseconds, unless all would take longer than `drainMs`. */
const SPACING_MS = 1

/** The sockets of this node. */
export interface Sockets {
  readonly size: number
  add(connection: Connection): void
  delete(connection: Connection): void
  /** Closes all, spread out so that they do not all reconnect at once, and resolves when none is left. What does not close in time is cut. */
  drain(): Promise<void>
}

/** None at first. */
export function openSockets(node: Pick<Node, 'settings' | 'timers' | 'random'>): Sockets {
  const { settings, timers, random } = node
  const connections = new Set<Connection>()
  let onEmpty: (() => void) | null = null

  function sendAway(): void {
    const spacing = Math.min(SPACING_MS, settings.drainMs / connections.size)
    for (const [index, connection] of [...connections].entries()) {
      const afterMs = Math.floor(random() * settings.reconnectSpreadMs)
      timers.after(index * spacing, () => connection.sendAway(afterMs))
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
      sendAway()
      const cancel = timers.after(settings.drainMs + settings.closeTimeoutMs, () => {
        for (const connection of connections) connection.cut()
      })
      await empty
      cancel()
    }
  }
}
