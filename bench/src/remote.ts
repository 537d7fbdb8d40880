import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { RoleName, Roles } from './roles/index.ts'

/** A role that runs in a process of its own. */
export interface Remote<Role> {
  readonly pid: number
  /** Calls a method of the role in its process. @throws Error with the stack of the error that the method threw. */
  call<Name extends keyof Role>(method: Name, ...argument: Argument<Role[Name]>): Promise<Answer<Role[Name]>>
  /** Ends the process, and resolves when it has ended. */
  stop(): Promise<void>
}

type Argument<Method> = Method extends (...argument: infer A) => unknown ? A : never
type Answer<Method> = Method extends (...argument: never) => infer R ? Awaited<R> : never

/** A call that goes to the child. */
export interface Call {
  readonly id: number
  readonly method: string
  readonly argument: readonly unknown[]
}
/** The answer to the call with the same `id`. */
export type Reply = { readonly id: number; readonly value: unknown } | { readonly id: number; readonly error: string }

/** Starts `role` in a process of its own, and resolves when it is ready. `program` is the bundled `child.ts`. `profile`
 *  names a folder for the CPU profile of the process. */
export async function start<Name extends RoleName>(
  role: Name,
  settings: Parameters<Roles[Name]>[0],
  { program, profile }: { readonly program: string; readonly profile: string | undefined }
): Promise<Remote<Awaited<ReturnType<Roles[Name]>>>> {
  const profiling = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${join(profile, nameOf(role))}`]
  const child = fork(program, [role, JSON.stringify(settings)], {
    execArgv: ['--enable-source-maps', '--expose-gc', ...profiling],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc']
  })
  const calls = callsTo(child)
  await calls.next(0)
  return {
    pid: child.pid ?? 0,
    call: (method, ...argument) => calls.make(String(method), argument),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const gone = once(child, 'exit')
      child.disconnect()
      await gone
    }
  }
}

let profiles = 0

function nameOf(role: string): string {
  profiles += 1
  return `${profiles}-${role}`
}

/** Matches replies to calls. Reply 0 says that the role is ready. */
function callsTo(child: ChildProcess) {
  const waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>()
  let last = 0
  child.on('message', (reply: Reply) => {
    const call = waiting.get(reply.id)
    waiting.delete(reply.id)
    if ('error' in reply) call?.reject(new Error(reply.error))
    else call?.resolve(reply.value as never) // `call` gives it the return type of the method
  })
  child.once('exit', code => {
    for (const { reject } of waiting.values()) reject(new Error(`a measured process ended with ${code}`))
  })

  const next = <Value>(id: number) => new Promise<Value>((resolve, reject) => waiting.set(id, { resolve, reject }))
  return {
    next,
    make<Value>(method: string, argument: readonly unknown[]): Promise<Value> {
      last += 1
      const answer = next<Value>(last)
      child.send({ id: last, method, argument } satisfies Call)
      return answer
    }
  }
}
