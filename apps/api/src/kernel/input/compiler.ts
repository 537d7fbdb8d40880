import type { FastifyInstance, FastifySchemaCompiler } from 'fastify'
import type { TSchema } from 'typebox'
import { schemaNamed } from '../schemas.ts'
import { pathReader, queryReader } from './address.ts'
import { bodyReader, type ObjectSchema } from './body.ts'

/** Makes every route of `app` read its input by its schemas: leniently when its config says so, else strictly. */
export function readInput(app: FastifyInstance): void {
  const compilers = { lenient: compiler(true), strict: compiler(false) }
  app.addHook('onRoute', route => {
    route.validatorCompiler = route.config?.lenient ? compilers.lenient : compilers.strict
  })
  app.addHook('preValidation', (request, _reply, done) => {
    if (request.body === undefined && !['GET', 'HEAD'].includes(request.method)) request.body = {}
    done()
  })
}

function compiler(lenient: boolean): FastifySchemaCompiler<TSchema> {
  return ({ schema, httpPart }) => {
    const object = objectSchema(schema)
    if (httpPart === 'body') return bodyReader(object, lenient)
    if (httpPart === 'params') return pathReader(object)
    if (httpPart === 'querystring') return queryReader(object)
    throw new TypeError(`declare body, params and querystring only: no ${httpPart} is read`)
  }
}

/** The schema itself, or the contract's schema that it refers to. */
function objectSchema(schema: TSchema): ObjectSchema {
  const named = '$ref' in schema && typeof schema.$ref === 'string' ? schemaNamed(schema.$ref) : schema
  if (!('properties' in named)) throw new TypeError('declare input with an object schema')
  return named as unknown as ObjectSchema
}
