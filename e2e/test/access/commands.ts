import type { ChatSocket } from '@rendezvous/client'
import type { commands } from '@rendezvous/contract'
import type { Known, Scene } from './world.ts'

type Command = Parameters<ChatSocket['command']>[0]

/** What a command is answered whom: `ack`, or the code of an error. */
export interface CommandPolicy {
  command(scene: Scene): Command
  readonly expected: Readonly<Record<Known, string>>
}

/** The one table of who may command what. */
export const commandPolicies: Readonly<Partial<Record<keyof typeof commands, CommandPolicy>>> = {}
