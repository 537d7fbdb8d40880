/** Checks of the rules in CONTRIBUTING.md that no other tool checks, on the syntax tree and the types. */
import { relative } from 'node:path'
import ts from 'typescript'

/** A violation of a rule, as `path:line what`. */
export type Finding = string

/** Most lines of a function without a comment that gives the reason, not counting functions inside it. */
const LONGEST_FUNCTION = 60

/** Every promise in `file` that is not awaited, returned, caught or marked with `void`. It includes promises of
 *  libraries, whose types the linter's own rule does not read. A value with `then` but without `catch`, such as Fastify's
 *  instance and reply, is not a promise. */
export function findFloatingPromises(program: ts.Program, file: ts.SourceFile): Finding[] {
  const checker = program.getTypeChecker()
  const found: Finding[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isExpressionStatement(node) && floats(checker, node.expression)) {
      found.push(finding(program, file, node, 'floating promise'))
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return found
}

/** Every export declared in `file` without a docstring. One docstring is enough for several exports of the same name (a
 *  schema and its type, overloads). The `description` of a schema counts as one. */
export function findUndocumentedExports(program: ts.Program, file: ts.SourceFile): Finding[] {
  const exported = file.statements.filter(isExported)
  const documented = new Set(exported.filter(isDocumented).flatMap(namesOf))
  const undocumented = exported.filter(statement => namesOf(statement).some(name => !documented.has(name)))
  return undocumented.map(statement =>
    finding(program, file, statement, `no docstring: ${namesOf(statement).join(', ')}`)
  )
}

/** Every function in `file` with more than 60 lines, unless a comment before it says "Long because". Lines of functions
 *  inside it do not count, so a closure of many short methods is short. */
export function findLongFunctions(program: ts.Program, file: ts.SourceFile): Finding[] {
  const found: Finding[] = []
  /** The lines of the functions in `node`. */
  const visit = (node: ts.Node): number => {
    let inner = 0
    ts.forEachChild(node, child => {
      inner += visit(child)
    })
    if (!ts.isFunctionLike(node)) return inner
    const lines = linesOf(file, node)
    const own = lines - inner
    if (own > LONGEST_FUNCTION && !isExplained(file, node)) {
      found.push(finding(program, file, node, `${own} lines in a function, and no "Long because"`))
    }
    return lines - 1
  }
  visit(file)
  return found
}

function linesOf(file: ts.SourceFile, node: ts.Node): number {
  const lineAt = (position: number) => file.getLineAndCharacterOfPosition(position).line
  return lineAt(node.getEnd()) - lineAt(node.getStart()) + 1
}

function isExplained(file: ts.SourceFile, node: ts.Node): boolean {
  const statement = ts.findAncestor(node, ts.isStatement) ?? node
  const comments = ts.getLeadingCommentRanges(file.text, statement.getFullStart()) ?? []
  return comments.some(({ pos, end }) => file.text.slice(pos, end).includes('Long because'))
}

function floats(checker: ts.TypeChecker, expression: ts.Expression): boolean {
  if (ts.isParenthesizedExpression(expression)) return floats(checker, expression.expression)
  if (ts.isConditionalExpression(expression)) {
    return floats(checker, expression.whenTrue) || floats(checker, expression.whenFalse)
  }
  if (ts.isBinaryExpression(expression)) {
    const { kind } = expression.operatorToken
    if (kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment) return false
    return floats(checker, expression.right)
  }
  if (ts.isVoidExpression(expression) || ts.isAwaitExpression(expression) || isHandled(expression)) return false
  return isPromise(checker, checker.getTypeAtLocation(expression))
}

function isHandled(expression: ts.Expression): boolean {
  if (!ts.isCallExpression(expression) || !ts.isPropertyAccessExpression(expression.expression)) return false
  const method = expression.expression.name.text
  const count = expression.arguments.length
  return (method === 'catch' && count === 1) || (method === 'then' && count === 2)
}

function isPromise(checker: ts.TypeChecker, type: ts.Type): boolean {
  if (type.isUnion()) return type.types.some(part => isPromise(checker, part))
  return ['then', 'catch'].every(name => checker.getPropertyOfType(type, name) !== undefined)
}

type Declaration = ts.Statement & { name?: ts.Node; declarationList?: ts.VariableDeclarationList }

function isExported(statement: ts.Statement): boolean {
  const modifiers = ts.canHaveModifiers(statement) ? ts.getModifiers(statement) : undefined
  return modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) ?? false
}

function isDocumented(statement: Declaration): boolean {
  if (ts.getJSDocCommentsAndTags(statement).length > 0) return true
  const values = statement.declarationList?.declarations.map(({ initializer }) => initializer) ?? []
  return values.length > 0 && values.every(value => value !== undefined && isDescribed(value))
}

/** Whether `value` is a call whose last argument is an object with a `description`, as in a schema. */
function isDescribed(value: ts.Expression): boolean {
  const options = ts.isCallExpression(value) ? value.arguments.at(-1) : undefined
  if (options === undefined || !ts.isObjectLiteralExpression(options)) return false
  return options.properties.some(({ name }) => name?.getText() === 'description')
}

function namesOf(statement: Declaration): string[] {
  if (statement.declarationList) return statement.declarationList.declarations.map(({ name }) => name.getText())
  return statement.name ? [statement.name.getText()] : ['default']
}

function finding(program: ts.Program, file: ts.SourceFile, node: ts.Node, what: string): Finding {
  const { line } = file.getLineAndCharacterOfPosition(node.getStart())
  return `${relative(program.getCurrentDirectory(), file.fileName)}:${line + 1} ${what}`
}
