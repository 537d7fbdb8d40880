/** One close code of the socket: what it means and what a client does about it. */
export interface CloseCode {
  readonly code: number
  readonly reason: string
  readonly description: string
}

/** Every code a gateway closes with. 4000-4499: reconnect and resume; 4500-4999: stop. 1008 and 1009 are the protocol's own, and carry no reason. */
export const closeCodes = Object.freeze({
  draining: {
    code: 4001,
    reason: 'draining',
    description: 'This node goes away; another takes over. Reconnect after the delay that `reconnect` named.'
  },
  slowConsumer: {
    code: 4002,
    reason: 'slow_consumer',
    description: 'The client reads slower than events arrive; its queue is full. Reconnect and sync.'
  },
  heartbeatTimeout: {
    code: 4003,
    reason: 'heartbeat_timeout',
    description: 'No pong came within the time allowed. Reconnect.'
  },
  tokenExpired: {
    code: 4004,
    reason: 'token_expired',
    description: 'The access token of the socket expired. Refresh it, then reconnect.'
  },
  unavailable: {
    code: 4005,
    reason: 'unavailable',
    description: 'A part behind the gateway did not answer while the socket connected. Reconnect later.'
  },
  flooding: {
    code: 4429,
    reason: 'flooding',
    description:
      'The client went on sending after `throttled` had told it to wait. Reconnect with backoff, and send no faster than answers come.'
  },
  tooManyFragments: { code: 1008, reason: '', description: 'A frame came in more fragments than the limit.' },
  tooBig: { code: 1009, reason: '', description: 'A frame was larger than the limit.' },
  sessionEnded: {
    code: 4501,
    reason: 'session_ended',
    description: 'The session was logged out, or its password changed. Log in anew.'
  },
  badFrames: {
    code: 4502,
    reason: 'bad_frames',
    description: 'Three frames of this socket could not be read. Mend the client.'
  }
} satisfies Record<string, CloseCode>)
