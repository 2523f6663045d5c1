"""Packed rows: steps in bf16 with the labels as they are stored, and documents of one row that do not see each other where only
`position_ids` are given, while an attention mask of ones lets them."""

from __future__ import annotations

import time
from itertools import cycle, islice
from typing import Any

import torch
from models import qwen3
from scene import Scene, parquet_rows
from torch.nn.functional import cross_entropy


def packed(scene: Scene) -> dict[str, Any]:
    rows = list(parquet_rows(scene.fusion, "packed"))
    model = qwen3("tiny" if scene.small else "0.6B", 0).to(scene.device, torch.bfloat16)
    finding = {"parameters": sum(parameter.numel() for parameter in model.parameters()), **isolation(model.eval(), rows[0], scene.device)}
    finding |= steps(model.train(), rows, scene)
    finding["holds"] = (
        finding["others_moved_by"] == 0
        and finding["own_moved_by"] > 0
        and finding["others_moved_with_mask_by"] > 0
        and finding["alone_differs_by"] < 0.1
        and finding["last_losses"] < (1 if scene.small else 0.8) * finding["first_losses"]
    )
    return finding


def places(row: dict[str, Any], device: str) -> dict[str, torch.Tensor]:
    positions = torch.cat([torch.arange(length) for length in row["seq_lengths"]])
    return {"input_ids": torch.tensor([row["input_ids"]], device=device), "position_ids": positions[None].to(device)}


@torch.no_grad()
def isolation(model: Any, row: dict[str, Any], device: str) -> dict[str, Any]:
    """How far the logits of other documents move when the first one is another. Logits of a random model are about 1."""
    first = row["seq_lengths"][0]
    # Few documents: the logits of a whole row are gigabytes.
    few = {**row, "seq_lengths": row["seq_lengths"][:4]}
    few["input_ids"] = row["input_ids"][: sum(few["seq_lengths"])]
    changed = {**few, "input_ids": [(token + 1) % 151643 for token in few["input_ids"][:first]] + few["input_ids"][first:]}
    alone = {"input_ids": few["input_ids"][first : first + row["seq_lengths"][1]], "seq_lengths": row["seq_lengths"][1:2]}

    def logits(of: dict[str, Any], **settings: Any) -> torch.Tensor:
        return model(**places(of, device), use_cache=False, **settings).logits[0].float()

    ones = {"attention_mask": torch.ones(1, len(few["input_ids"]), dtype=torch.long, device=device)}
    before, after = logits(few), logits(changed)
    seen_before, seen_after = logits(few, **ones), logits(changed, **ones)
    far = lambda one, other: float((one - other).abs().max())  # noqa: E731
    return {
        "documents": len(few["seq_lengths"]),
        "own_moved_by": far(before[:first], after[:first]),
        "others_moved_by": far(before[first:], after[first:]),
        "others_moved_with_mask_by": far(seen_before[first:], seen_after[first:]),
        "alone_differs_by": far(before[first : first + row["seq_lengths"][1]], logits(alone)),
    }


def steps(model: Any, rows: list[dict[str, Any]], scene: Scene) -> dict[str, Any]:
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-4 if not scene.small else 1e-2)
    count, losses, tokens = (4, [], 0) if scene.small else (40, [], 0)
    if scene.small:
        rows = [{name: column[:600] if name != "seq_lengths" else column for name, column in row.items()} for row in rows]
    start = 0.0
    for at, row in enumerate(islice(cycle(rows), count)):
        if at == count // 2:
            synchronize(scene)
            start, tokens = time.monotonic(), 0
        given = places(row, scene.device) if not scene.small else {"input_ids": torch.tensor([row["input_ids"]])}
        # Stored as int32; cross_entropy takes int64.
        labels = torch.tensor([row["labels"]], device=scene.device).long()
        logits = model(**given, use_cache=False).logits
        loss = cross_entropy(logits[0, :-1].float(), labels[0, 1:], ignore_index=-100)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.detach())
        tokens += len(row["input_ids"])
    synchronize(scene)
    seconds = time.monotonic() - start
    told = [float(loss) for loss in losses]
    edge = max(1, count // 8)
    return {
        "steps": count,
        "first_losses": sum(told[:edge]) / edge,
        "last_losses": sum(told[-edge:]) / edge,
        "tokens_per_second": round(tokens / seconds),
        "peak_gigabytes": round(torch.cuda.max_memory_allocated() / 1e9, 1) if not scene.small else None,
    }


def synchronize(scene: Scene) -> None:
    if not scene.small:
        torch.cuda.synchronize()
