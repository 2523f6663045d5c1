import { statfs } from "node:fs/promises"
import type { Happening } from "../../schemas/event.ts"
import { untilAborted } from "./until-aborted.ts"

const gibibyte = 2 ** 30
/** On a disk below this size a share of it would be nothing; what is full there says so by itself. */
const leastDiskBytes = 64 << 20
/** A look is good for this long. */
const betweenLooksMs = 1_000

/** Free bytes below which a run begins nothing new where its config does not say: 1 GiB, or 2% of a disk that is smaller than 50 GiB. */
export const defaultFloorBytes = (diskBytes: number): number =>
  diskBytes < leastDiskBytes ? 0 : Math.min(gibibyte, Math.floor(diskBytes * 0.02))

/**
 * Watches the room on a run's disk. While there is less than the floor, nothing new is begun: what is in flight is kept, and the run goes
 * on by itself once somebody has made room. A disk that cannot be measured is taken to have room.
 */
export class DiskRoom {
  readonly #folder: string
  readonly #floorBytes: number | null
  readonly #report: (happening: Happening) => void
  #lookedMs = Number.NEGATIVE_INFINITY
  #waiting: Promise<void> | null = null
  readonly #over = new AbortController()

  /** `floorBytes`: null takes `defaultFloorBytes`; 0 switches the watch off. */
  constructor(folder: string, floorBytes: number | null, report: (happening: Happening) => void) {
    this.#folder = folder
    this.#floorBytes = floorBytes
    this.#report = report
  }

  /** Resolves when there is room. Rejects with the signal's reason once that is aborted. */
  async enough(signal: AbortSignal): Promise<void> {
    if (!this.#waiting) {
      if (performance.now() - this.#lookedMs < betweenLooksMs) return
      this.#lookedMs = performance.now()
      this.#waiting = this.#untilEnough().finally(() => {
        this.#waiting = null
      })
    }
    await untilAborted(this.#waiting, signal)
  }

  /** Ends the watch: nobody waits any more. */
  close(): void {
    this.#over.abort()
  }

  async #untilEnough(): Promise<void> {
    let told = false
    for (;;) {
      const { freeBytes, floorBytes } = await this.#look()
      // A little more than the floor, so that one freed file does not make it stop and go.
      const isEnough = freeBytes >= (told ? floorBytes * 1.05 : floorBytes)
      if (isEnough && !told) return
      if (isEnough) {
        this.#report({ event: "disk", state: "enough", freeBytes, floorBytes })
        return
      }
      if (!told) this.#report({ event: "disk", state: "low", freeBytes, floorBytes })
      told = true
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, betweenLooksMs)
        this.#over.signal.addEventListener(
          "abort",
          () => {
            clearTimeout(timer)
            resolve()
          },
          { once: true },
        )
      })
      if (this.#over.signal.aborted) return
    }
  }

  async #look(): Promise<{ freeBytes: number; floorBytes: number }> {
    try {
      const { bavail, blocks, bsize } = await statfs(this.#folder)
      return { freeBytes: bavail * bsize, floorBytes: this.#floorBytes ?? defaultFloorBytes(blocks * bsize) }
    } catch {
      return { freeBytes: 0, floorBytes: 0 }
    }
  }
}
