import { type Command, type CommandRef, type CommandResult, errorKinds, limits } from '@rendezvous/contract'

type Issued = Exclude<Command, { type: 'ping' }>

/** The commands of one socket that wait for their answer. */
export interface CommandQueue {
  /** Takes a command; false, and nothing is taken, when `limits.commandsInFlight` wait already. */
  push(command: Issued): boolean
  /** Drops those that were not handed on yet. */
  clear(): void
}

/** Hands commands to `execute` one after the other, since the next may build on what the last one did. A rejection is answered as `unavailable`. */
export function commandQueue(
  execute: (command: Issued) => Promise<CommandResult>,
  answer: (ref: CommandRef | null, result: CommandResult) => void
): CommandQueue {
  const unavailable: CommandResult = { ok: false, code: 'unavailable', detail: errorKinds.unavailable.detail }
  let waiting: Issued[] = []
  let running = false

  async function run(): Promise<void> {
    for (let command = waiting[0]; command !== undefined; command = waiting[0]) {
      const result = await execute(command).catch(() => unavailable)
      waiting = waiting.slice(1)
      answer(command.ref ?? null, result)
    }
    running = false
  }

  return {
    push(command) {
      if (waiting.length >= limits.commandsInFlight) return false
      waiting.push(command)
      if (!running) {
        running = true
        void run()
      }
      return true
    },
    clear() {
      waiting = waiting.slice(0, 1)
    }
  }
}
