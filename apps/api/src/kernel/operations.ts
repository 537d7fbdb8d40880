/** A part of an OpenAPI document, as far as the names of operations go. */
interface Document {
  readonly paths?: object
}
type Methods = Record<string, { readonly operationId?: string }>

/** `document` with a name of its own for each operation, as generators of clients need it: of a route that several methods reach the first keeps the
 *  route's `operationId`, and the others say theirs after it (`leaveConversationByPost`). */
export function nameOperations<T extends Document>(document: T): T {
  const paths = Object.entries((document.paths ?? {}) as Record<string, Methods>)
  return { ...document, paths: Object.fromEntries(paths.map(([path, methods]) => [path, named(methods)])) }
}

function named(methods: Methods): Methods {
  const taken = new Set<string>()
  const operations = Object.entries(methods).map(([method, operation]) => {
    const { operationId } = operation
    if (operationId === undefined || !taken.has(operationId)) {
      taken.add(operationId ?? '')
      return [method, operation]
    }
    return [method, { ...operation, operationId: `${operationId}By${method[0]?.toUpperCase()}${method.slice(1)}` }]
  })
  return Object.fromEntries(operations)
}
