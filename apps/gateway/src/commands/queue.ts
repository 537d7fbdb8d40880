import { type BackendCommand, type CommandRef, type CommandResult, errorKinds, limits } from '@rendezvous/contract'

/** The commands of one socket that are not answered yet. */
export interface CommandQueue {
  /** Queues a command. False, and not queued, when `limits.commandsInFlight` are not answered yet. */
  push(command: BackendCommand): boolean
  /** Drops the commands that were not passed to `execute` yet. */
  clear(): void
}

/** A send that was rejected later than this is not repeated: its client no longer waits for the answer. */
const REPEAT_WITHIN_MS = 5_000

/** Passes commands to `execute` one after the other, since one may depend on the result of another. Repeats a rejected
 *  `send_message` once, since its idempotency key makes that safe. Answers a rejection as `unavailable`. `elapsed` is a
 *  monotonic clock in milliseconds. */
export function commandQueue(
  execute: (command: BackendCommand) => Promise<CommandResult>,
  answer: (ref: CommandRef | null, result: CommandResult) => void,
  elapsed: () => number
): CommandQueue {
  const unavailable: CommandResult = { ok: false, code: 'unavailable', detail: errorKinds.unavailable.detail }
  let waiting: BackendCommand[] = []
  let running = false

  async function executeSafely(command: BackendCommand): Promise<CommandResult> {
    const begun = elapsed()
    try {
      return await execute(command)
    } catch {
      if (command.type !== 'send_message' || elapsed() - begun > REPEAT_WITHIN_MS) return unavailable
      return execute(command).catch(() => unavailable)
    }
  }

  async function run(): Promise<void> {
    for (let command = waiting[0]; command !== undefined; command = waiting[0]) {
      const result = await executeSafely(command)
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
