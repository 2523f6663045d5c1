import { fileURLToPath } from "node:url"

/**
 * The fusion that runs at once: the dataset of a cold start in its default folder, and starter samples without thinking. The starter set
 * shows the whole path; it is far too small to train on.
 */
export const quickStart = {
  recipe: "mode-fusion",
  thinking: "runs/cold-start",
  nonThinking: {
    path: fileURLToPath(new URL("starter-non-thinking.jsonl", import.meta.url)),
    name: "starter-non-thinking",
    license: "Apache-2.0",
    revision: "1",
  },
}
