/**
 * Whether a value is exactly what reading its own JSON gives: no undefined, no -0, nothing that is not finite, no objects of classes. Names that
 * were given to an array beside its elements are not looked for.
 */
export function isJson(value: unknown): boolean {
  if (value === null) return true
  switch (typeof value) {
    case "string":
    case "boolean":
      return true
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0)
    case "object":
      break
    default:
      return false
  }
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length; at++) if (!isJson(value[at])) return false
    return true
  }
  if (Object.getPrototypeOf(value) !== Object.prototype) return false
  // A member of this name would call, or be, something else in JSON or in the object that is read from it.
  if (Object.hasOwn(value, "toJSON") || Object.hasOwn(value, "__proto__")) return false
  for (const key in value) if (!isJson((value as Record<string, unknown>)[key])) return false
  return true
}
