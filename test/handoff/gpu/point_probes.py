"""Every sample rendered by transformers with the carried template and tokenizer, held against the manifest and its probes."""

from __future__ import annotations

from typing import Any, Iterator

from scene import Scene, parquet_rows


def probes(scene: Scene) -> dict[str, Any]:
    handoff = scene.verifier.Handoff(scene.fusion)
    tokenizer = scene.tokenizer(scene.fusion)

    def ids(messages: list[dict[str, str]], **settings: Any) -> list[int]:
        return list(tokenizer.apply_chat_template(messages, return_dict=True, **settings)["input_ids"])

    def prepared() -> Iterator[tuple[list[int], list[int]]]:
        for row in parquet_rows(scene.fusion, "sft"):
            prompt = ids(row["prompt"], add_generation_prompt=True, **row["chat_template_kwargs"])
            whole = ids(row["prompt"] + row["completion"], **row["chat_template_kwargs"])
            if whole[: len(prompt)] != prompt:
                raise ValueError(f"row {row['id']}: the prompt's tokens do not begin those of the whole")
            yield whole, [-100] * len(prompt) + whole[len(prompt) :]

    found = handoff.compare(prepared())
    receipt = handoff.write_receipt("transformers", __import__("transformers").__version__, found.faults, found, to=str(scene.out / "receipts" / "fusion"))
    return {
        "holds": receipt["status"] == "accepted" and all(found.probes.values()) and len(found.probes) == 64,
        "rows": found.rows,
        "tokens": found.tokens,
        "trained_tokens": found.trained_tokens,
        "probes": sum(found.probes.values()),
        "faults": [str(fault) for fault in found.faults[:5]],
    }
