import {
  type Ack,
  type AckResult,
  ApiError,
  type CommandRef,
  type CommandResult,
  EVENT_VERSION,
  errorFrame,
  type PresenceSnapshot,
  type Ready,
  type Reconnect,
  type Resync,
  timestamp
} from '@rendezvous/contract'
import type { Static } from 'typebox'

/** The frames a gateway says of its own, as text. Their moment is the clock's. */
export interface Voice {
  ready(facts: Pick<Static<typeof Ready>, 'user_id' | 'session_id' | 'dialect' | 'heartbeat_ms' | 'head'>): string
  snapshot(online: Static<typeof PresenceSnapshot>['online_user_ids']): string
  /** Of all streams when null. */
  resync(stream: string | null): string
  reconnect(afterMs: number): string
  ack(ref: CommandRef | null, result: AckResult): string
  error(ref: CommandRef | null, error: ApiError): string
  /** The ack or error that answers a command. */
  result(ref: CommandRef | null, result: CommandResult): string
}

/** `now` in milliseconds since 1970. */
export function voice(now: () => number): Voice {
  const live = () => ({ v: EVENT_VERSION, at: timestamp(new Date(now())) }) as const

  const ack: Voice['ack'] = (ref, result) =>
    JSON.stringify({ type: 'ack', ref, ...result, ...live() } satisfies Static<typeof Ack>)
  const error: Voice['error'] = (ref, thrown) => JSON.stringify(errorFrame(thrown, ref, live().at))

  return {
    ready: facts => JSON.stringify({ type: 'ready', ...facts, ...live() } satisfies Static<typeof Ready>),
    snapshot: online =>
      JSON.stringify({ type: 'presence_snapshot', online_user_ids: online, ...live() } satisfies Static<
        typeof PresenceSnapshot
      >),
    resync: stream => JSON.stringify({ type: 'resync', stream, ...live() } satisfies Static<typeof Resync>),
    reconnect: afterMs =>
      JSON.stringify({ type: 'reconnect', after_ms: afterMs, ...live() } satisfies Static<typeof Reconnect>),
    ack,
    error,
    result(ref, result) {
      if (result.ok) return ack(ref, result.result)
      const { code, ...options } = result
      return error(ref, new ApiError(code, options))
    }
  }
}
