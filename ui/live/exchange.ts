import { open, readdir, stat } from "node:fs/promises"
import { join } from "node:path"
import { Ledger, type LedgerRecord } from "../../pipelines/runtime/ledger.ts"
import { payloadOf } from "../../pipelines/runtime/record-file.ts"
import { plainJson } from "../inspect/plain-json.ts"

/** Of a segment's end so much is read in search of the last whole record. */
const firstLook = 1 << 18
const longestLook = 64 << 20

/** The exchange that was settled last, as far as it is on disk; null where there is none. Reads the end of the newest segment only. */
export async function latestExchange(run: string): Promise<LedgerRecord | null> {
  const folder = join(run, "ledger")
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith(".log")).sort()
  for (const name of names.reverse()) {
    const path = join(folder, name)
    const { size } = await stat(path)
    for (let bytes = firstLook; size > 0; bytes *= 4) {
      const from = Math.max(0, size - bytes)
      const payload = lastPayload(await readPart(path, from, size), from === 0)
      if (payload !== null) return JSON.parse(payload) as LedgerRecord
      if (from === 0 || bytes >= longestLook) break
    }
  }
  return null
}

/** The exchange whose id starts with so many hex digits (8 or more), or null. */
export async function exchangeOf(run: string, id: string): Promise<LedgerRecord | null> {
  const ledger = await Ledger.open(join(run, "ledger"), "read")
  try {
    return ledger.findExchange(id)
  } finally {
    await ledger.close()
  }
}

/** An exchange as text with line breaks: what was asked, turn by turn, and what was answered. Not yet made visible. */
export function exchangeText({ key, kind, identity, sample, usage, at, request, value }: LedgerRecord): string {
  const { messages, ...asked } = (request ?? {}) as { messages?: unknown }
  const turns = Array.isArray(messages) ? (messages as { role?: unknown; content?: unknown }[]) : []
  const said = value as { thinking?: unknown; answer?: unknown } | null
  const { thinking, answer, ...rest } = said && typeof said === "object" ? said : { thinking: null, answer: null }
  const lines = [
    `id      ${key}`,
    `asked   ${identity} (${kind}), sample ${sample}, ${at}`,
    ...(usage ? [`tokens  ${usage.input} in, ${usage.output} out`] : []),
    `with    ${plainJson(turns.length > 0 ? asked : request)}`,
  ]
  for (const { role, content } of turns) lines.push("", `[${String(role)}]`, String(content))
  if (typeof thinking === "string") lines.push("", "[thinking]", thinking)
  if (typeof answer === "string") lines.push("", "[answer]", answer, "", `[rest] ${plainJson(rest)}`)
  else lines.push("", "[value]", plainJson(value, 2))
  return lines.join("\n")
}

async function readPart(path: string, from: number, to: number): Promise<Buffer> {
  const file = await open(path, "r")
  try {
    const buffer = Buffer.allocUnsafe(to - from)
    const { bytesRead } = await file.read(buffer, 0, buffer.length, from)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}

/** The last whole record of a segment's end. `whole`: the buffer starts where the file does. */
function lastPayload(buffer: Buffer, whole: boolean): string | null {
  for (let end = buffer.lastIndexOf(10); end > 0; ) {
    const start = buffer.lastIndexOf(10, end - 1)
    if (start < 0 && !whole) return null
    const payload = payloadOf(buffer.subarray(start + 1, end))
    if (payload !== null) return payload
    if (start < 0) return null
    end = start
  }
  return null
}
