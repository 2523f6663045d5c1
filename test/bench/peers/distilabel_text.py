"""distilabel: a pipeline of one TextGeneration step over an OpenAI-compatible server.

argv: base URL, questions as JSON Lines, folder for the output, requests in flight.
"""

import json
import sys

from distilabel.models import OpenAILLM
from distilabel.pipeline import Pipeline
from distilabel.steps import LoadDataFromDicts
from distilabel.steps.tasks import TextGeneration


def main() -> None:
    base_url, questions, out, in_flight = sys.argv[1:]
    rows = [{"instruction": json.loads(line)["question"]} for line in open(questions)]
    with Pipeline(name="five-thousand", cache_dir=out) as pipeline:
        source = LoadDataFromDicts(data=rows, batch_size=int(in_flight))
        llm = OpenAILLM(
            base_url=base_url, model="fake", api_key="none", generation_kwargs={"max_new_tokens": 512}
        )
        source >> TextGeneration(llm=llm, input_batch_size=int(in_flight))
    distiset = pipeline.run(use_cache=False)
    print(len([row for row in distiset["default"]["train"] if row["generation"]]))


if __name__ == "__main__":
    main()
