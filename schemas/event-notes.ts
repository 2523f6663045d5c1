// What each event of a run says, for the documentation. The types hold this list to the schema: an event or a field without a note does
// not compile.
import type { Happening } from "./event.ts"

type Of<Name extends Happening["event"]> = Extract<Happening, { event: Name }>

/** What an event and each of its fields mean. Units are in the text. */
export interface EventNote<Fields extends string = string> {
  about: string
  fields: Readonly<Record<Fields, string>>
}

/** The version of the events' format, as each line says it in `v`. */
export const eventVersion = 1

export const eventNotes: {
  readonly [Name in Happening["event"]]: EventNote<Exclude<keyof Of<Name> & string, "event">>
} = {
  "run.started": {
    about: "A process took the run. Folding starts anew: what earlier processes said is history.",
    fields: {
      recipe: "Name of the recipe",
      version: "Version of cotyledon",
      limit: "Source rows of a pilot; null for all",
      finish: "True when a dataset is made of what is settled",
      offline: "True when answers come from the ledger alone",
      pid: "Process id",
      host: "Name of the machine",
      settled: "Answers, input and output tokens that were settled before, by identity of who answered",
      damagedRecords: "Lines of the ledger that failed their checksum; their effects are performed again",
    },
  },
  "stage.planned": {
    about: "A stage is known.",
    fields: {
      stage: "Id of the stage",
      tasks: "Number of its tasks; null while it is not known",
      input: "The stage whose rows it takes; absent for an import",
    },
  },
  "task.started": {
    about: "Work on one shard of a stage starts.",
    fields: {
      stage: "Id of the stage",
      index: "Number of the task, from 0",
      rows: "Rows of its input; null where it has none",
      why: "Why no finished work is reused",
    },
  },
  "task.done": {
    about: "A task has its commit, now or from before.",
    fields: {
      stage: "Id of the stage",
      index: "Number of the task, from 0",
      reused: "True when it stood already",
      counts: "Rows: in + born = out + dropped + failed",
      drops: "Dropped rows by step and reason",
      tallies: "What its steps counted besides rows",
    },
  },
  "stage.done": {
    about: "All tasks of a stage are done.",
    fields: { stage: "Id of the stage", tasks: "Number of its tasks", reused: "Tasks that stood already" },
  },
  "row.failed": {
    about: "No step could decide on a row.",
    fields: {
      stage: "Id of the stage",
      id: "Id of the row",
      step: "Id of the step",
      reason: "Short name of the fault",
      message: "What happened, at most 400 characters",
    },
  },
  progress: {
    about: "Where things stand, once a second while something changes. Each replaces the one before.",
    fields: {
      rows: "Rows finished in running tasks, by stage",
      endpoints:
        "By role: identity; requests in flight, the window that may be, and those that wait; calls, attempts, input and output tokens and USD of this process; why it is paused, or null",
    },
  },
  endpoint: {
    about: "The state of an endpoint changed.",
    fields: { role: "Role of the model", state: "paused, resumed, stopped and the like", message: "Why, in a line" },
  },
  published: {
    about: "A dataset stands in the run's folder.",
    fields: { folder: "Folder under the run", rows: "Rows in it", files: "Files in it" },
  },
  disk: {
    about: "The disk of the run's folder ran low, or has room again.",
    fields: {
      state: "`low`: nothing new is started; `enough`: work goes on",
      freeBytes: "Free space, in bytes",
      floorBytes: "Free space below which nothing new is started, in bytes",
    },
  },
  paused: {
    about: "Somebody paused the run, or let it go on. What is in flight comes home; nothing new is asked.",
    fields: { paused: "True from a pause on, false from its end on" },
  },
  warning: { about: "Something that a person should know; the run goes on.", fields: { message: "What" } },
  "run.stopped": {
    about: "The process ended before the run was done. What is done is kept.",
    fields: { exit: "Exit code: 1 stopped, 2 usage, 3 held, 130 interrupted", reason: "Why, in one to four lines" },
  },
  "run.done": {
    about: "The dataset stands.",
    fields: { rows: "Source rows: in + born = out + dropped + failed" },
  },
}
