const months = "January February March April May June July August September October November December".split(" ")
const days = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split(" ")

/** Python's `strftime` of a day (`2026-01-31`) at midnight, in the C locale; a directive of another kind stays as it is. */
export function strftime(date: string, format: string): string {
  const [year = 0, month = 1, day = 1] = date.split("-").map(Number)
  const weekday = new Date(Date.UTC(year, month - 1, day)).getUTCDay()
  const two = (value: number) => `${value}`.padStart(2, "0")
  const directives: Record<string, string> = {
    "%Y": `${year}`,
    "%y": two(year % 100),
    "%m": two(month),
    "%d": two(day),
    "%-d": `${day}`,
    "%-m": `${month}`,
    "%B": months[month - 1]!,
    "%b": months[month - 1]!.slice(0, 3),
    "%A": days[weekday]!,
    "%a": days[weekday]!.slice(0, 3),
    "%H": "00",
    "%I": "12",
    "%M": "00",
    "%S": "00",
    "%p": "AM",
    "%%": "%",
  }
  return format.replace(/%-?[A-Za-z%]/g, (directive) => directives[directive] ?? directive)
}
