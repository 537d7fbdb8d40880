import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import { Busboy, type BusboyHeaders, type BusboyInstance } from '@fastify/busboy'
import { ApiError, errorKinds, limits } from '@rendezvous/contract'
import { FormBody } from './form.ts'

/** The most fields, and the most parts, of one body. */
const FIELDS = 200
/** Bytes of a body that are read although a file is refused, so that the client receives the answer, not a reset. */
const DRAINED_BYTES = 32 * 1024 * 1024

/** The text fields of a multipart body. Together they may take `limits.bodyBytes`, like any other body.
 *  @throws ApiError `media_unavailable` for a body with a file, `parse_error` for a malformed one,
 *  `payload_too_large`. */
export async function readMultipart(body: Readable, headers: IncomingHttpHeaders): Promise<FormBody> {
  const contentType = headers['content-type'] ?? ''
  if (!/;\s*boundary=("[^"]+"|[^\s";]+)/i.test(contentType)) throw malformed('Invalid boundary in multipart: None')

  const form = new FormBody()
  let fieldBytes = 0
  let files = 0
  let tooMuch = false
  const parser = new Busboy({
    headers: headers as BusboyHeaders,
    limits: { fields: FIELDS, parts: FIELDS, fieldSize: limits.bodyBytes, headerPairs: 20 }
  })
  parser.on('field', (name, value, _nameTruncated, truncated) => {
    fieldBytes += Buffer.byteLength(name ?? '') + Buffer.byteLength(value)
    tooMuch ||= truncated || fieldBytes > limits.bodyBytes
    if (!tooMuch) form.add(name ?? '', value)
  })
  parser.on('file', (_name, stream, filename) => {
    if (filename !== '') files++ // browsers send an empty file field without a name
    stream.on('error', ignore).resume()
  })
  const exceed = () => {
    tooMuch = true
  }
  parser.on('fieldsLimit', exceed).on('partsLimit', exceed)

  await parseAll(body, parser)
  if (files > 0) throw mediaUnavailable()
  if (tooMuch) throw new ApiError('payload_too_large')
  return form
}

/** Resolves when the parser has read the whole body. */
function parseAll(body: Readable, parser: BusboyInstance): Promise<void> {
  return new Promise((resolve, reject) => {
    let bytes = 0
    const fail = (error: ApiError) => {
      body.unpipe(parser)
      body.resume()
      reject(error)
    }
    body.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes > DRAINED_BYTES) fail(new ApiError('payload_too_large'))
    })
    body.on('error', () => fail(malformed('the body broke off')))
    parser.on('error', () => fail(malformed('the body is not well-formed')))
    parser.on('finish', resolve)
    body.pipe(parser)
  })
}

function malformed(why: string): ApiError {
  return new ApiError('parse_error', { detail: `Multipart form parse error - ${why}` })
}

function mediaUnavailable(): ApiError {
  return new ApiError('media_unavailable', { fields: { file: [errorKinds.media_unavailable.detail] } })
}

function ignore(): void {}
