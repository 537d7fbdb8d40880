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

/** Makes the frames that a gateway sends by itself, as text. `at` is the current time. */
export interface ServerFrames {
  ready(facts: Pick<Static<typeof Ready>, 'user_id' | 'session_id' | 'dialect' | 'heartbeat_ms' | 'head'>): string
  snapshot(online: Static<typeof PresenceSnapshot>['online_user_ids']): string
  /** `stream` is null for all streams. */
  resync(stream: string | null): string
  reconnect(afterMs: number): string
  ack(ref: CommandRef | null, result: AckResult): string
  error(ref: CommandRef | null, error: ApiError): string
  /** The ack or error that answers a command. */
  result(ref: CommandRef | null, result: CommandResult): string
}

/** `now` returns milliseconds since 1970. */
export function serverFrames(now: () => number): ServerFrames {
  const common = () => ({ v: EVENT_VERSION, at: timestamp(new Date(now())) }) as const

  const ack: ServerFrames['ack'] = (ref, result) =>
    JSON.stringify({ type: 'ack', ref, ...result, ...common() } satisfies Static<typeof Ack>)
  const error: ServerFrames['error'] = (ref, thrown) => JSON.stringify(errorFrame(thrown, ref, common().at))

  return {
    ready: facts => JSON.stringify({ type: 'ready', ...facts, ...common() } satisfies Static<typeof Ready>),
    snapshot: online =>
      JSON.stringify({ type: 'presence_snapshot', online_user_ids: online, ...common() } satisfies Static<
        typeof PresenceSnapshot
      >),
    resync: stream => JSON.stringify({ type: 'resync', stream, ...common() } satisfies Static<typeof Resync>),
    reconnect: afterMs =>
      JSON.stringify({ type: 'reconnect', after_ms: afterMs, ...common() } satisfies Static<typeof Reconnect>),
    ack,
    error,
    result(ref, result) {
      if (result.ok) return ack(ref, result.result)
      const { code, ...options } = result
      return error(ref, new ApiError(code, options))
    }
  }
}
