// Evaluates the syntax tree of a chat template as Python's jinja2 does. The evaluator of `@huggingface/jinja` differs where it decides what
// a model is trained on: its `lstrip("\n")` removes all white space, `tojson` prints 1.0 as 1, None prints nothing, undefined values pass.
import { applyFilter, applyTest } from "./jinja-filters.ts"
import { dictMethod, listMethod, stringMethod } from "./jinja-methods.ts"
import type { CallNode, IdentifierNode, Node } from "./jinja-nodes.ts"
import {
  type Callable,
  compare,
  contains,
  equal,
  isNumber,
  iterate,
  kindOf,
  memberOf,
  Namespace,
  operate,
  TemplateError,
  truth,
} from "./jinja-values.ts"
import { Float, floatOf, isDict, isFloat } from "./python-json.ts"
import { pythonText, Tuple } from "./python-text.ts"

/** A rendered text and the parts of it, in UTF-16 units, that stood between `{% generation %}` and `{% endgeneration %}`. */
export interface Evaluated {
  text: string
  generated: [start: number, end: number][]
}

/** The name under which `{% generation %}` is parsed: as a call block. */
export const generationCall = "__generation__"

/** Evaluates a template with the given variables. Throws a TemplateError where jinja2 raises. */
export function evaluate(program: Node, variables: Readonly<Record<string, unknown>>): Evaluated {
  const out: Output = { text: "", generated: [] }
  const globals = new Scope(null)
  for (const [name, value] of Object.entries({ ...builtins, ...variables })) globals.set(name, value)
  new Evaluator().block((program as Node & { type: "Program" }).body, new Scope(globals), out)
  return out
}

type Output = Evaluated

class Scope {
  readonly #names = new Map<string, unknown>()
  readonly #outer: Scope | null

  constructor(outer: Scope | null) {
    this.#outer = outer
  }

  get(name: string): unknown {
    for (let scope: Scope | null = this; scope; scope = scope.#outer)
      if (scope.#names.has(name)) return scope.#names.get(name)
    return undefined
  }

  set(name: string, value: unknown): void {
    this.#names.set(name, value)
  }
}

const named = (args: ReadonlyMap<string, unknown>, dict: unknown): Map<string, unknown> => {
  const members = new Map<string, unknown>()
  if (Array.isArray(dict)) for (const pair of dict) members.set(pythonText(iterate(pair)[0]), iterate(pair)[1])
  else if (isDict(dict)) for (const key of iterate(dict)) members.set(key as string, memberOf(dict, key as string))
  for (const [name, value] of args) members.set(name, value)
  return members
}

const builtins: Record<string, unknown> = {
  true: true,
  True: true,
  false: false,
  False: false,
  none: null,
  None: null,
  namespace: ((args, given) => new Namespace(named(given, args[0]))) satisfies Callable,
  dict: ((args, given) => named(given, args[0])) satisfies Callable,
  range: (([first, last, step]) => range(Number(first), last, step)) satisfies Callable,
  raise_exception: (([message]) => {
    throw new TemplateError(pythonText(message))
  }) satisfies Callable,
}

/** Longest `range`, as in jinja2's sandbox. */
const maxRange = 100_000

function range(first: number, last: unknown, step: unknown = 1): number[] {
  const [start, end] = last === undefined ? [0, first] : [first, Number(last)]
  const by = Number(step)
  if (by === 0) throw new TemplateError("range() arg 3 must not be zero")
  const count = Math.max(0, Math.ceil((end - start) / by))
  if (count > maxRange) throw new TemplateError(`Range too big. The sandbox blocks ranges larger than ${maxRange}.`)
  return Array.from({ length: count }, (_, at) => start + at * by)
}

/** How a loop's body ended. */
type Flow = "break" | "continue" | undefined

class Evaluator {
  block(nodes: readonly Node[], scope: Scope, out: Output): Flow {
    for (const node of nodes) {
      const flow = this.#statement(node, scope, out)
      if (flow) return flow
    }
    return undefined
  }

  #statement(node: Node, scope: Scope, out: Output): Flow {
    switch (node.type) {
      case "Comment":
        return
      case "Break":
        return "break"
      case "Continue":
        return "continue"
      case "If":
        return this.block(truth(this.#value(node.test, scope)) ? node.body : node.alternate, scope, out)
      case "For":
        return this.#loop(node, scope, out)
      case "Set":
        this.#set(node, scope)
        return
      case "Macro":
        scope.set(node.name.value, this.#macro(node.args, node.body, scope))
        return
      case "CallStatement":
        this.#callBlock(node, scope, out)
        return
      case "FilterStatement":
        out.text += pythonText(this.#filtered(this.#text(node.body, scope), node.filter, scope))
        return
      default:
        out.text += pythonText(this.#value(node, scope))
    }
  }

  /** What nodes print, apart from the rest. */
  #text(nodes: readonly Node[], scope: Scope): string {
    const out: Output = { text: "", generated: [] }
    this.block(nodes, scope, out)
    return out.text
  }

  #loop(node: Node & { type: "For" }, scope: Scope, out: Output): Flow {
    const { iterable } = node
    const select = iterable.type === "SelectExpression" ? iterable : null
    let values = iterate(this.#value(select ? select.lhs : iterable, scope))
    if (select)
      values = values.filter((value) => {
        const inner = new Scope(scope)
        assign(node.loopvar, value, inner)
        return truth(this.#value(select.test, inner))
      })
    if (values.length === 0) return this.block(node.defaultBlock, new Scope(scope), out)
    for (const [at, value] of values.entries()) {
      const inner = new Scope(scope)
      inner.set("loop", loopOf(values, at))
      assign(node.loopvar, value, inner)
      if (this.block(node.body, inner, out) === "break") return
    }
    return
  }

  #set({ assignee, value, body }: Node & { type: "Set" }, scope: Scope): void {
    const result = value ? this.#value(value, scope) : this.#text(body, new Scope(scope))
    if (assignee.type !== "MemberExpression") {
      assign(assignee, result, scope)
      return
    }
    const object = this.#value(assignee.object, scope)
    if (!(object instanceof Namespace)) throw new TemplateError("cannot assign attribute on non-namespace object")
    object.members.set((assignee.property as IdentifierNode).value, result)
  }

  #macro(parameters: readonly Node[], body: readonly Node[], scope: Scope): Callable {
    return (args, given) => {
      const inner = new Scope(scope)
      for (const [at, parameter] of parameters.entries()) {
        const name =
          parameter.type === "KeywordArgumentExpression" ? parameter.key.value : (parameter as IdentifierNode).value
        const value = at < args.length ? args[at] : given.get(name)
        const other = parameter.type === "KeywordArgumentExpression" && value === undefined
        inner.set(name, other ? this.#value(parameter.value, inner) : value)
      }
      inner.set("varargs", args.slice(parameters.length))
      inner.set("caller", given.get("caller"))
      return this.#text(body, inner)
    }
  }

  #callBlock({ call, callerArgs, body }: Node & { type: "CallStatement" }, scope: Scope, out: Output): void {
    if ((call.callee as IdentifierNode).value === generationCall) {
      const start = out.text.length
      this.block(body, new Scope(scope), out)
      out.generated.push([start, out.text.length])
      return
    }
    const caller = this.#macro(callerArgs ?? [], body, scope)
    out.text += pythonText(this.#call(call, scope, caller))
  }

  #value(node: Node, scope: Scope): unknown {
    switch (node.type) {
      case "StringLiteral":
      case "IntegerLiteral":
        return node.value
      case "FloatLiteral":
        return floatOf(node.value)
      case "ArrayLiteral":
        return node.value.map((element) => this.#value(element, scope))
      case "TupleLiteral":
        return Tuple.from(node.value, (element) => this.#value(element, scope))
      case "ObjectLiteral":
        return new Map(
          [...node.value].map(([key, value]) => [pythonText(this.#value(key, scope)), this.#value(value, scope)]),
        )
      case "Identifier":
        return scope.get(node.value)
      case "CallExpression":
        return this.#call(node, scope)
      case "MemberExpression":
        return this.#member(node, scope)
      case "UnaryExpression":
        return unary(node.operator.value, this.#value(node.argument, scope))
      case "BinaryExpression":
        return this.#binary(node, scope)
      case "FilterExpression":
        return this.#filtered(this.#value(node.operand, scope), node.filter, scope)
      case "TestExpression":
        return applyTest(node.test.value, this.#value(node.operand, scope)) !== node.negate
      case "SelectExpression":
        return truth(this.#value(node.test, scope)) ? this.#value(node.lhs, scope) : undefined
      case "Ternary":
        return this.#value(truth(this.#value(node.condition, scope)) ? node.trueExpr : node.falseExpr, scope)
      default:
        throw new TemplateError(`cannot evaluate ${node.type}`)
    }
  }

  #binary(
    { operator: { value: operator }, left: first, right: second }: Node & { type: "BinaryExpression" },
    scope: Scope,
  ): unknown {
    const left = this.#value(first, scope)
    if (operator === "and") return truth(left) ? this.#value(second, scope) : left
    if (operator === "or") return truth(left) ? left : this.#value(second, scope)
    const right = this.#value(second, scope)
    switch (operator) {
      case "==":
        return equal(left, right)
      case "!=":
        return !equal(left, right)
      case "in":
        return contains(right, left)
      case "not in":
        return !contains(right, left)
      case "<":
        return compare(left, right) < 0
      case ">":
        return compare(left, right) > 0
      case "<=":
        return compare(left, right) <= 0
      case ">=":
        return compare(left, right) >= 0
      default:
        return operate(operator, left, right)
    }
  }

  #call({ callee, args }: CallNode, scope: Scope, caller?: Callable): unknown {
    const called = this.#value(callee, scope)
    if (typeof called !== "function") throw new TemplateError(`${nameOf(callee)} is ${kindOf(called)}, not a function`)
    const { places, names } = this.#arguments(args, scope)
    if (caller) names.set("caller", caller)
    return (called as Callable)(places, names)
  }

  #arguments(args: readonly Node[], scope: Scope): { places: unknown[]; names: Map<string, unknown> } {
    const places: unknown[] = []
    const names = new Map<string, unknown>()
    for (const node of args) {
      if (node.type === "KeywordArgumentExpression") names.set(node.key.value, this.#value(node.value, scope))
      else if (node.type === "SpreadExpression") places.push(...iterate(this.#value(node.argument, scope)))
      else if (node.type === "KeywordSpreadExpression") {
        for (const [name, value] of named(new Map(), this.#value(node.argument, scope))) names.set(name, value)
      } else places.push(this.#value(node, scope))
    }
    return { places, names }
  }

  #filtered(value: unknown, filter: IdentifierNode | CallNode, scope: Scope): unknown {
    if (filter.type === "Identifier") return applyFilter(filter.value, value, [], new Map())
    const { places, names } = this.#arguments(filter.args, scope)
    return applyFilter((filter.callee as IdentifierNode).value, value, places, names)
  }

  #member({ object: node, property, computed }: Node & { type: "MemberExpression" }, scope: Scope): unknown {
    const object = this.#value(node, scope)
    if (object === undefined) throw new TemplateError(`${nameOf(node)} is undefined`)
    if (property.type === "SliceExpression") return this.#slice(object, property, scope)
    if (!computed)
      return property.type === "IntegerLiteral"
        ? elementOf(object, property.value)
        : attributeOf(object, (property as IdentifierNode).value)
    const key = this.#value(property, scope)
    if (typeof key !== "string") return elementOf(object, key)
    if (isDict(object) && !(object instanceof Namespace)) {
      const member = memberOf(object, key)
      if (member !== undefined) return member
    }
    return attributeOf(object, key)
  }

  #slice(object: unknown, { start, stop, step }: Node & { type: "SliceExpression" }, scope: Scope): unknown {
    const [from, to, by] = [start, stop, step].map((node) => {
      const value = node && this.#value(node, scope)
      return value === undefined || value === null ? undefined : Number(value)
    })
    if (typeof object === "string") return sliced(Array.from(object), from, to, by).join("")
    if (Array.isArray(object)) return sliced(object, from, to, by)
    throw new TemplateError(`cannot take a slice of ${kindOf(object)}`)
  }
}

const nameOf = (node: Node): string =>
  node.type === "Identifier"
    ? `'${node.value}'`
    : node.type === "MemberExpression" && node.property.type === "Identifier"
      ? `attribute '${node.property.value}'`
      : "the value"

function assign(target: Node, value: unknown, scope: Scope): void {
  if (target.type === "Identifier") {
    scope.set(target.value, value)
    return
  }
  if (target.type !== "TupleLiteral") throw new TemplateError(`cannot assign to ${target.type}`)
  const values = iterate(value)
  if (values.length !== target.value.length)
    throw new TemplateError(`expected ${target.value.length} values to unpack, got ${values.length}`)
  for (const [at, part] of target.value.entries()) assign(part, values[at], scope)
}

const loopOf = (values: readonly unknown[], at: number): Map<string, unknown> =>
  new Map<string, unknown>([
    ["index", at + 1],
    ["index0", at],
    ["revindex", values.length - at],
    ["revindex0", values.length - at - 1],
    ["first", at === 0],
    ["last", at === values.length - 1],
    ["length", values.length],
    ["previtem", values[at - 1]],
    ["nextitem", values[at + 1]],
    ["cycle", ((args) => args[at % args.length]) satisfies Callable],
  ])

/** `object.name`: of a dict its method before its member, as Python's getattr. */
function attributeOf(object: unknown, name: string): unknown {
  if (object instanceof Namespace) return object.members.get(name)
  if (typeof object === "string") return stringMethod(object, name)
  if (Array.isArray(object)) return listMethod(object, name)
  return isDict(object) && typeof object !== "function"
    ? (dictMethod(object, name) ?? memberOf(object, name))
    : undefined
}

/** `object[index]`; undefined beyond the ends. */
function elementOf(object: unknown, index: unknown): unknown {
  if (!isNumber(index) || isFloat(index)) return undefined
  if (Array.isArray(object)) return object.at(Number(index))
  return typeof object === "string" ? Array.from(object).at(Number(index)) : undefined
}

function unary(operator: string, value: unknown): unknown {
  if (operator === "not") return !truth(value)
  if (!isNumber(value)) throw new TemplateError(`no "${operator}" of ${kindOf(value)}`)
  if (operator === "+") return value
  if (value instanceof Float) return new Float(-value.value)
  return isFloat(value) ? -value : operate("-", 0, value)
}

/** `values[from:to:by]`. */
function sliced<T>(values: readonly T[], from: number | undefined, to: number | undefined, by = 1): T[] {
  if (by === 0) throw new TemplateError("slice step cannot be zero")
  const { length } = values
  const bound = (index: number, low: number, high: number) =>
    Math.min(Math.max(index < 0 ? index + length : index, low), high)
  const out: T[] = []
  if (by > 0)
    for (let at = bound(from ?? 0, 0, length); at < bound(to ?? length, 0, length); at += by) out.push(values[at]!)
  else {
    const end = to === undefined ? -1 : bound(to, -1, length - 1)
    for (let at = bound(from ?? length - 1, -1, length - 1); at > end; at += by) out.push(values[at]!)
  }
  return out
}
