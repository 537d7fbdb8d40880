import { ApiError, limits } from '@rendezvous/contract'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Static, type TSchema, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { ownAddress } from './host.ts'

/** How lists are answered when the request names no paging parameter: as bare arrays, or in Django REST framework's
 *  envelope. */
export type ListStyle = 'array' | 'page'

/** The paging parameters. A request that names one gets the envelope. */
const parameters = ['cursor', 'page_size', 'limit', 'page', 'before', 'after']

/** Version of the content of cursors. A cursor of another version is refused like a forged one. */
const VERSION = 1

interface PageQuery {
  readonly cursor?: string
  readonly page_size?: number
  readonly limit?: number
  readonly page?: string
}

/** The number of entries of the requested page.
 *  @throws ApiError `not_found` for a numbered page other than the first: further pages need a cursor. */
export function pageSize(query: PageQuery): number {
  if (query.page !== undefined && query.page !== '1') throw new ApiError('not_found', { detail: 'Invalid page.' })
  return query.page_size ?? query.limit ?? limits.pageSize
}

/** Writes and reads cursors with a content of `schema`. They are opaque to clients. */
export function cursors<T extends TSchema>(schema: T) {
  const envelope = Compile(Type.Object({ v: Type.Literal(VERSION), at: Type.Unknown() }))
  const content = Compile(schema)
  return {
    write: (at: Static<T>): string => Buffer.from(JSON.stringify({ v: VERSION, at })).toString('base64url'),
    /** @throws ApiError `invalid_cursor` for text that `write` did not produce. */
    read(cursor: string): Static<T> {
      const value = parsed(cursor)
      if (!envelope.Check(value) || !content.Check(value.at)) throw new ApiError('invalid_cursor')
      return value.at
    }
  }
}

/** Cursors of the adjacent pages; absent where the list ends. */
export interface Neighbours {
  readonly next?: string | undefined
  readonly previous?: string | undefined
}

/** The answer for a page: a bare array with `Link` to the adjacent pages, or the envelope `{next, previous,
 *  results}`. */
export function answerPage<Entry>(
  request: FastifyRequest,
  reply: FastifyReply,
  page: { readonly results: readonly Entry[] } & Neighbours,
  style: ListStyle
) {
  const next = address(request, page.next)
  const previous = address(request, page.previous)
  if (style === 'page' || namesParameter(request)) return { next, previous, results: [...page.results] }

  const links = [next === null ? '' : `<${next}>; rel="next"`, previous === null ? '' : `<${previous}>; rel="prev"`]
  const link = links.filter(text => text !== '').join(', ')
  if (link !== '') void reply.header('link', link)
  return [...page.results]
}

function parsed(cursor: string): unknown {
  if (!/^[\w-]+$/.test(cursor)) return null
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString())
  } catch {
    return null
  }
}

function namesParameter(request: FastifyRequest): boolean {
  const named = new URL(request.url, 'http://localhost').searchParams
  return parameters.some(name => named.has(name))
}

/** The request's own address with another cursor. Other parameters stay, as in Django REST framework. */
function address(request: FastifyRequest, cursor: string | undefined): string | null {
  if (cursor === undefined) return null

  const url = new URL(request.url, 'http://localhost')
  for (const name of ['cursor', 'page', 'before', 'after']) url.searchParams.delete(name)
  url.searchParams.set('cursor', cursor)
  return ownAddress(request, url.pathname + url.search)
}
