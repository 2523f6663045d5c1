"""A trainer over packed rows that can be killed: argv are a handoff, a folder of its own and a device. Each checkpoint has a receipt with the
cursor, from which the same command goes on."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import torch
from models import qwen3, weights_sha256
from torch.nn.functional import cross_entropy

STEPS, EVERY, BATCH, LENGTH = 24, 4, 2, 1024
handoff_path, own, device = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
own.mkdir(parents=True, exist_ok=True)
sys.path.insert(0, str(handoff_path))
sys.dont_write_bytecode = True
from verify_handoff import Handoff, file_sha256, ids_sha256  # noqa: E402

torch.use_deterministic_algorithms(True)
handoff = Handoff(handoff_path)
[shard] = handoff.shards("packed")
receipts = own / "packed-trainer.jsonl"
accepted = [json.loads(line) for line in receipts.read_text().split("\n")[:-1]] if receipts.exists() else []
# Only what no accepted receipt vouches for is hashed again.
if not any(receipt["status"] == "accepted" for receipt in accepted) and file_sha256(handoff_path / shard["path"]) != shard["sha256"]:
    raise SystemExit(f"{shard['path']} is not the manifest's")

table = pq.read_table(handoff_path / shard["path"]).to_pylist()
model = qwen3("tiny", 0).to(device)
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
sampler = torch.Generator().manual_seed(handoff.manifest["seed"])
order, cursor = torch.randperm(len(table), generator=sampler).tolist(), {"epoch": 0, "shard": shard["path"], "row": 0, "global_step": 0}
if accepted:
    cursor = accepted[-1]["cursor"]
    saved = torch.load(own / f"step-{cursor['global_step']}.pt", weights_only=True, map_location=device)
    model.load_state_dict(saved["model"])
    optimizer.load_state_dict(saved["optimizer"])
    order = cursor["sampler_state"]


def tell(**entry: Any) -> None:
    with (own / "batches.jsonl").open("a") as file:
        file.write(json.dumps(entry) + "\n")
        file.flush()
        os.fsync(file.fileno())


for step in range(cursor["global_step"], STEPS):
    rows = [table[order[(step * BATCH + at) % len(order)]] for at in range(BATCH)]
    tell(step=step, sha256=ids_sha256([token for row in rows for token in row["input_ids"][:LENGTH]]))
    for row in rows:
        positions = torch.cat([torch.arange(length) for length in row["seq_lengths"]])[None, :LENGTH].to(device)
        logits = model(torch.tensor([row["input_ids"][:LENGTH]], device=device), position_ids=positions, use_cache=False).logits
        cross_entropy(logits[0, :-1].float(), torch.tensor(row["labels"][1:LENGTH], device=device).long(), ignore_index=-100).backward()
    optimizer.step()
    optimizer.zero_grad()
    if (step + 1) % EVERY == 0:
        path = own / f"step-{step + 1}.pt"
        torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, f"{path}.part")
        os.replace(f"{path}.part", path)
        cursor = {"epoch": 0, "shard": shard["path"], "row": (step + 1) * BATCH % len(order), "sampler_state": order, "global_step": step + 1}
        handoff.write_receipt("packed-trainer", "1", [], cursor=cursor, to=str(own))
tell(step=STEPS, weights=weights_sha256(model))
