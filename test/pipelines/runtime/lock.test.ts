import { type ChildProcess, execFile, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { promisify } from "node:util"
import { describe, expect, onTestFinished, test } from "vitest"
import { Lock, type Owner, ownerOf } from "../../../pipelines/runtime/lock.ts"
import { temporaryFolder } from "./folder.ts"

const script = (name: string) => join(import.meta.dirname, name)

/** A process that takes the lock, and what it said. */
async function holder(folder: string): Promise<{ child: ChildProcess; said: string }> {
  const child = spawn(process.execPath, [script("lock-holder.ts"), folder], { stdio: ["ignore", "pipe", "inherit"] })
  onTestFinished(() => {
    child.kill("SIGKILL")
  })
  const [said] = (await once(child.stdout!, "data")) as [Buffer]
  return { child, said: said.toString().trim() }
}

const taken = async (folder: string): Promise<Lock> => {
  const lock = await Lock.take(folder)
  expect(lock).toBeInstanceOf(Lock)
  return lock as Lock
}

describe("one owner", () => {
  test("a second taker learns who holds it; released it is free again", async () => {
    const folder = join(temporaryFolder(), "locks", "coordinator")
    expect(await ownerOf(folder)).toBeNull()
    const lock = await taken(folder)
    expect(await Lock.take(folder)).toMatchObject({ pid: process.pid })
    expect(await ownerOf(folder)).toMatchObject({ pid: process.pid })
    await lock.release()
    expect(await ownerOf(folder)).toBeNull()
    const again = await taken(folder)
    await again.release()
    expect(readdirSync(folder)).toEqual(["000002"])
  })

  test("many takers at once in one process: exactly one wins", async () => {
    const folder = temporaryFolder()
    const takers = await Promise.all(Array.from({ length: 30 }, () => Lock.take(folder)))
    expect(takers.filter((taker) => taker instanceof Lock)).toHaveLength(1)
    for (const taker of takers) if (taker instanceof Lock) await taker.release()
  })

  test("six processes that take and release it in turn never hold it together", async () => {
    const folder = join(temporaryFolder(), "lock")
    const contenders = Array.from({ length: 6 }, () =>
      promisify(execFile)(process.execPath, [script("lock-contender.ts"), folder, "25"]),
    )
    const results = (await Promise.all(contenders)).map(
      ({ stdout }) => JSON.parse(stdout) as { held: number; doubles: number },
    )
    expect(results).toEqual(Array.from({ length: 6 }, () => ({ held: 25, doubles: 0 })))
    expect(readdirSync(folder)).toHaveLength(1)
  })

  test("of many processes that find a dead owner exactly one takes over", async () => {
    const folder = temporaryFolder()
    const dead = await holder(folder)
    expect(dead.said).toBe("held")
    dead.child.kill("SIGKILL")
    await once(dead.child, "exit")
    const heirs = await Promise.all(Array.from({ length: 6 }, () => holder(folder)))
    const winner = heirs.find(({ said }) => said === "held")
    expect(heirs.map(({ said }) => said).sort()).toEqual(["held", ...Array(5).fill(`refused by ${winner!.child.pid}`)])
  })
})

describe("a dead owner", () => {
  test("holds as long as it lives, stopped or not, and no longer", async () => {
    const folder = temporaryFolder()
    const { child } = await holder(folder)
    expect(await Lock.take(folder)).toMatchObject({ pid: child.pid })
    child.kill("SIGSTOP")
    expect(await Lock.take(folder)).toMatchObject({ pid: child.pid })
    child.kill("SIGKILL")
    await once(child, "exit")
    expect(await ownerOf(folder)).toBeNull()
    await (await taken(folder)).release()
  })

  test("that nobody waited for (a zombie) holds nothing", async () => {
    const folder = temporaryFolder()
    // The shell starts the holder, becomes `sleep` and never waits for it.
    const command = `"$0" "$1" "$2" & echo $! ; exec sleep 60`
    const shell = spawn("sh", ["-c", command, process.execPath, script("lock-holder.ts"), folder], {
      stdio: ["ignore", "pipe", "inherit"],
    })
    onTestFinished(() => {
      shell.kill("SIGKILL")
    })
    let said = ""
    while (!said.includes("held")) said += ((await once(shell.stdout, "data")) as [Buffer])[0].toString()
    const pid = Number.parseInt(said, 10)
    expect(await ownerOf(folder)).toMatchObject({ pid })
    process.kill(pid, "SIGKILL")
    const state = () => readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1]?.[0]
    while (state() !== "Z") await new Promise((resolve) => setTimeout(resolve, 10))
    expect(await ownerOf(folder)).toBeNull()
    await (await taken(folder)).release()
  })

  test("is told from a later process with its id by when it started, and from one of before a restart", async () => {
    const folder = temporaryFolder()
    const lock = await taken(folder)
    const [name] = readdirSync(folder)
    const owner = JSON.parse(readFileSync(join(folder, name!), "utf8")) as Owner
    writeFileSync(join(folder, name!), JSON.stringify({ ...owner, started: `${owner.started}0` }))
    expect(await ownerOf(folder)).toBeNull()
    writeFileSync(join(folder, name!), JSON.stringify({ ...owner, started: owner.started.replace(/^./, "g") }))
    expect(await ownerOf(folder)).toBeNull()
    await lock.release()
  })

  test("on another machine is known by its silence", async () => {
    const folder = temporaryFolder()
    const path = join(folder, "000007")
    writeFileSync(path, JSON.stringify({ host: "another", pid: 1, started: "x", since: "y" }))
    expect(await Lock.take(folder)).toMatchObject({ host: "another" })
    const heard = (secondsAgo: number) => utimesSync(path, new Date(), new Date(Date.now() - secondsAgo * 1000))
    heard(50)
    expect(await ownerOf(folder)).toMatchObject({ host: "another" })
    heard(70)
    expect(await ownerOf(folder)).toBeNull()
    await (await taken(folder)).release()
    expect(readdirSync(folder)).toEqual(["000008"])
  })
})

test.each(["", "{", "null", "rubbish"])("a lock file that holds %j is nobody's", async (content) => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, "000001"), content)
  await (await taken(folder)).release()
})

test("files that are no locks do not matter", async () => {
  const folder = temporaryFolder()
  mkdirSync(join(folder, "a"))
  writeFileSync(join(folder, "000009.x.tmp"), "")
  const lock = await taken(folder)
  expect(readdirSync(folder).sort()).toEqual(["000001", "000009.x.tmp", "a"])
  await lock.release()
})

test("a folder that cannot be written is a clear error", async () => {
  const file = join(temporaryFolder(), "file")
  writeFileSync(file, "")
  await expect(Lock.take(join(file, "lock"))).rejects.toThrow(/^Cannot write \(/)
})
