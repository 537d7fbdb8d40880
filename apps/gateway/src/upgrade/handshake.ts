import type { IncomingHttpHeaders } from 'node:http'
import { ApiError } from '@rendezvous/contract'

/** The supported versions of the WebSocket protocol: RFC 6455, and the last draft before it. */
export const versions = [13, 8]

const KEY = /^[+/0-9A-Za-z]{22}==$/
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/**
 * Refuses a handshake that breaks RFC 6455, 4.2.1. `ws` would refuse it too, but only after a ticket was used up, and
 * with a body of its own.
 * @throws ApiError `parse_error`, naming the header.
 */
export function refuseBrokenHandshake(headers: IncomingHttpHeaders): void {
  const { 'sec-websocket-version': version, 'sec-websocket-key': key = '' } = headers
  if (!versions.includes(Number(version))) throw broken('Version')
  if (!KEY.test(key)) throw broken('Key')
  if (!isListOfTokens(headers['sec-websocket-protocol'])) throw broken('Protocol')
}

/** Whether the header lists valid subprotocols, each of them once. */
function isListOfTokens(header: string | undefined): boolean {
  if (header === undefined) return true
  const tokens = header.split(',').map(token => token.trim())
  return tokens.every(token => TOKEN.test(token)) && new Set(tokens).size === tokens.length
}

function broken(header: string): ApiError {
  return new ApiError('parse_error', { detail: `Missing or invalid Sec-WebSocket-${header} header.` })
}
