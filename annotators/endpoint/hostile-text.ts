// C0 except tab, line feed, vertical tab, form feed and carriage return; DEL; C1 except next line (U+0085).
const control = /[\u0000-\u0008\u000e-\u001f\u007f-\u0084\u0086-\u009f]/

/**
 * Says what makes a model's text unfit to be stored and shown, or null: a lone surrogate (which no UTF-8 file can hold) or a
 * control character (which a terminal may obey).
 */
export function hostility(text: string): string | null {
  if (!text.isWellFormed()) return "a lone surrogate"
  const found = control.exec(text)
  if (found === null) return null
  return `the control character U+${found[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`
}
