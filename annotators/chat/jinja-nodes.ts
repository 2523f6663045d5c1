// The syntax tree that the parser of `@huggingface/jinja` makes; the package does not export its types.

export type Node =
  | { type: "Program"; body: Node[] }
  | { type: "Comment" | "Break" | "Continue" }
  | { type: "If"; test: Node; body: Node[]; alternate: Node[] }
  | { type: "For"; loopvar: Node; iterable: Node; body: Node[]; defaultBlock: Node[] }
  | { type: "Set"; assignee: Node; value: Node | null; body: Node[] }
  | { type: "Macro"; name: IdentifierNode; args: Node[]; body: Node[] }
  | { type: "CallStatement"; call: CallNode; callerArgs: Node[] | null; body: Node[] }
  | { type: "FilterStatement"; filter: IdentifierNode | CallNode; body: Node[] }
  | IdentifierNode
  | { type: "StringLiteral"; value: string }
  | { type: "IntegerLiteral" | "FloatLiteral"; value: number }
  | { type: "ArrayLiteral" | "TupleLiteral"; value: Node[] }
  | { type: "ObjectLiteral"; value: Map<Node, Node> }
  | CallNode
  | { type: "MemberExpression"; object: Node; property: Node; computed: boolean }
  | { type: "BinaryExpression"; operator: { value: string }; left: Node; right: Node }
  | { type: "UnaryExpression"; operator: { value: string }; argument: Node }
  | { type: "FilterExpression"; operand: Node; filter: IdentifierNode | CallNode }
  | { type: "TestExpression"; operand: Node; negate: boolean; test: IdentifierNode }
  | { type: "SelectExpression"; lhs: Node; test: Node }
  | { type: "Ternary"; condition: Node; trueExpr: Node; falseExpr: Node }
  | { type: "SliceExpression"; start?: Node; stop?: Node; step?: Node }
  | { type: "KeywordArgumentExpression"; key: IdentifierNode; value: Node }
  | { type: "SpreadExpression" | "KeywordSpreadExpression"; argument: Node }

export interface IdentifierNode {
  type: "Identifier"
  value: string
}

export interface CallNode {
  type: "CallExpression"
  callee: Node
  args: Node[]
}
