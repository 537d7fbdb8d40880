/** The name on the wire of a stored kind of message. */
export function messageType(kind: number): 'text' | 'system' {
  return kind === 2 ? 'system' : 'text'
}
