"""verl's own datasets over the handoff: MultiTurnSFTDataset with the SFT launch config's settings, RLHFDataset with GRPO's; `--sft` or `--rl`:
only that one."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from report import comparison, report, verifier

import verl
from omegaconf import OmegaConf
from transformers import AutoTokenizer
from verl.utils.dataset import RLHFDataset
from verl.utils.dataset.multiturn_sft_dataset import MultiTurnSFTDataset

UNTRAINED = -100
parts = [part for part in ("sft", "rl") if f"--{part}" in sys.argv] or ["sft", "rl"]
sys.argv = [argument for argument in sys.argv if not argument.startswith("--")]


def sft(folder: Path) -> dict[str, Any]:
    handoff = verifier(folder).Handoff(folder)
    config = OmegaConf.load("launch/verl-sft.yaml")
    tokenizer = AutoTokenizer.from_pretrained(folder / "tokenizer")
    tokenizer.chat_template = config.model.custom_chat_template
    dataset = MultiTurnSFTDataset(list(config.data.train_files), tokenizer, config.data)
    rows = []
    for at in range(len(dataset)):
        row = dataset[at]
        ids, mask = row["input_ids"].tolist(), row["loss_mask"].tolist()
        rows.append((ids, [token if bears else UNTRAINED for token, bears in zip(ids, mask)]))
    found = comparison(handoff, handoff.compare(rows, loss="turns"), "verl", verl.__version__)
    found["trained_text"] = [tokenizer.decode([label for label in labels if label != UNTRAINED]) for _, labels in rows]
    return found


def rl(folder: Path) -> dict[str, Any]:
    config = OmegaConf.load("launch/verl-grpo.yaml")
    tokenizer = AutoTokenizer.from_pretrained(folder / "tokenizer")
    tokenizer.chat_template = (folder / "templates/qwen3.jinja").read_text(encoding="utf8")
    config.data.filter_overlong_prompts_workers = None
    dataset = RLHFDataset(list(config.data.train_files), tokenizer, config.data)
    rows = [dataset[at] for at in range(len(dataset))]
    meant = sum(shard["rows"] for shard in verifier(folder).Handoff(folder).shards("rl"))
    faults = [] if len(rows) == meant else [f"rl: verl has {len(rows)} prompts of {meant}"]
    for row in rows:
        if not isinstance(row["reward_model"]["ground_truth"], str) or not row["data_source"]:
            faults.append(f"rl: row {row['index']}: has no ground truth or data source")
    return {
        "trainer": "verl",
        "version": verl.__version__,
        "rows": len(rows),
        "faults": faults,
        "prompts": [row["raw_prompt"] for row in rows],
        "indices": [row["index"] for row in rows],
        "ground_truths": [row["reward_model"]["ground_truth"] for row in rows],
    }


def look(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in parts:
        try:
            found[name] = {"sft": sft, "rl": rl}[name](folder)
        except Exception as error:
            found[name] = {"raised": f"{type(error).__name__}: {error}"[:2000]}
    return found


report(look)
