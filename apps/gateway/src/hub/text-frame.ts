/** First byte of a whole text message: FIN and opcode 1. It and the lengths below are from RFC 6455, 5.2. */
const WHOLE_TEXT = 0x81
const SHORT_MAX = 125
const MEDIUM = 126
const MEDIUM_MAX = 65_535
const LONG = 127

/** `text` as one server frame, unmasked and uncompressed: the same bytes for every socket. */
export function textFrame(text: string): Buffer {
  const length = Buffer.byteLength(text)
  const offset = length <= SHORT_MAX ? 2 : length <= MEDIUM_MAX ? 4 : 10
  const frame = Buffer.allocUnsafe(offset + length)
  frame[0] = WHOLE_TEXT
  frame[1] = offset === 2 ? length : offset === 4 ? MEDIUM : LONG
  if (offset === 4) frame.writeUInt16BE(length, 2)
  if (offset === 10) frame.writeBigUInt64BE(BigInt(length), 2)
  frame.write(text, offset)
  return frame
}
