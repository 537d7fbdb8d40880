/** One close code of the socket. `description` says what it means and what the client does next. */
export interface CloseCode {
  readonly code: number
  readonly reason: string
  readonly description: string
}

/** Every code with which a gateway closes a socket. 4000-4499: reconnect and resume. 4500-4999: stop.
 *  1008 and 1009 are defined by RFC 6455 and carry no reason. */
export const closeCodes = Object.freeze({
  draining: {
    code: 4001,
    reason: 'draining',
    description: 'This node is shutting down. Reconnect after the delay that the `reconnect` event named.'
  },
  slowConsumer: {
    code: 4002,
    reason: 'slow_consumer',
    description: 'The client reads more slowly than events arrive, and its queue is full. Reconnect and sync.'
  },
  heartbeatTimeout: {
    code: 4003,
    reason: 'heartbeat_timeout',
    description: 'The client did not answer a ping in time. Reconnect.'
  },
  tokenExpired: {
    code: 4004,
    reason: 'token_expired',
    description: 'The access token of this socket expired. Refresh it, then reconnect.'
  },
  unavailable: {
    code: 4005,
    reason: 'unavailable',
    description: 'A service that the gateway needs did not answer while the socket connected. Reconnect later.'
  },
  flooding: {
    code: 4429,
    reason: 'flooding',
    description:
      'The client kept sending after `throttled` errors. Reconnect with backoff, and wait for answers before sending more.'
  },
  tooManyFragments: { code: 1008, reason: '', description: 'A frame had more fragments than the limit allows.' },
  tooBig: { code: 1009, reason: '', description: 'A frame was larger than the limit allows.' },
  sessionEnded: {
    code: 4501,
    reason: 'session_ended',
    description: 'The session ended, for example by a logout or a password change. Log in again.'
  },
  badFrames: {
    code: 4502,
    reason: 'bad_frames',
    description: 'Three frames of this socket could not be read. Fix the client.'
  }
} satisfies Record<string, CloseCode>)
