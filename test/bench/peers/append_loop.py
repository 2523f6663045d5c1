"""What people write by hand: the openai client behind a semaphore, answers appended to a file, finished ids skipped.

argv: base URL, questions as JSON Lines, folder for the output, requests in flight.
"""

import asyncio
import json
import pathlib
import sys

from openai import AsyncOpenAI

base_url, questions, out, in_flight = sys.argv[1:]


async def main() -> None:
    client = AsyncOpenAI(base_url=base_url, api_key="none", max_retries=2)
    path = pathlib.Path(out) / "answers.jsonl"
    done = {json.loads(line)["id"] for line in path.open()} if path.exists() else set()
    free = asyncio.Semaphore(int(in_flight))
    with path.open("a") as file:

        async def ask(row: dict) -> None:
            async with free:
                answer = await client.chat.completions.create(
                    model="fake",
                    messages=[{"role": "user", "content": row["question"]}],
                    max_tokens=512,
                )
            text = answer.choices[0].message.content
            file.write(json.dumps({"id": row["id"], "answer": text}) + "\n")

        rows = [json.loads(line) for line in open(questions)]
        await asyncio.gather(*(ask(row) for row in rows if row["id"] not in done))
    print(sum(1 for _ in path.open()))


asyncio.run(main())
