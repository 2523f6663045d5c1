"""Curator: an LLM over a dataset, online requests to an OpenAI-compatible server.

argv: base URL, questions as JSON Lines, folder for the output, requests in flight.
"""

import importlib.util
import json
import os
import pathlib
import sys

base_url, questions, out, in_flight = sys.argv[1:]
# litellm ships the encoding that is otherwise fetched from the network.
litellm = pathlib.Path(importlib.util.find_spec("litellm").origin).parent
os.environ["TIKTOKEN_CACHE_DIR"] = str(litellm / "litellm_core_utils" / "tokenizers")
os.environ.update(
    CURATOR_CACHE_DIR=out, CURATOR_VIEWER="0", TELEMETRY_ENABLED="0", OPENAI_API_KEY="none", HF_HUB_OFFLINE="1"
)

from bespokelabs import curator  # noqa: E402
from datasets import Dataset  # noqa: E402


class Solver(curator.LLM):
    def prompt(self, input: dict) -> str:
        return input["question"]

    def parse(self, input: dict, response: str) -> dict:
        return {"id": input["id"], "answer": response}


rows = Dataset.from_list([json.loads(line) for line in open(questions)])
solver = Solver(
    model_name="fake",
    backend="openai",
    backend_params={
        "base_url": base_url,
        "max_concurrent_requests": int(in_flight),
        "max_requests_per_minute": 10_000_000,
        "max_tokens_per_minute": 1_000_000_000,
        "require_all_responses": True,
    },
    generation_params={"max_tokens": 512},
)
result = solver(rows)
dataset = getattr(result, "dataset", result)
print(len([row for row in dataset if row["answer"]]))
