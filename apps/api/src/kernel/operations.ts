/** The part of an OpenAPI document that holds the names of operations. */
interface Document {
  readonly paths?: object
}
type Methods = Record<string, { readonly operationId?: string }>

/** `document` with a unique name for each operation, which client generators need. When a route has several methods,
 *  the first keeps the route's `operationId`, and the others append their method (`leaveConversationByPost`). */
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
