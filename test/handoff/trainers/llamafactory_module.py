"""LLaMA-Factory's own dataset module over the handoff, with the launch config's settings and a tiny model's folder."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from report import comparison, report, verifier

import llamafactory
import yaml
from llamafactory.data import get_dataset, get_template_and_fix_tokenizer
from llamafactory.hparams import get_train_args
from llamafactory.model import load_tokenizer
from tiny_qwen3 import tiny_qwen3


def look(folder: Path) -> dict[str, Any]:
    handoff = verifier(folder).Handoff(folder)
    settings = yaml.safe_load(Path("launch/llamafactory-sft.yaml").read_text(encoding="utf8"))
    model, out = tiny_qwen3(folder), mkdtemp(prefix="cotyledon-llamafactory-")
    settings |= {
        "model_name_or_path": str(model),
        "output_dir": out,
        "overwrite_cache": True,
        "use_cpu": True,
        "bf16": False,
        "report_to": "none",
    }
    try:
        model_args, data_args, training_args, _, _ = get_train_args(settings)
        tokenizer = load_tokenizer(model_args)
        template = get_template_and_fix_tokenizer(tokenizer["tokenizer"], data_args)
        dataset = get_dataset(template, model_args, data_args, training_args, "sft", **tokenizer)["train_dataset"]
    finally:
        shutil.rmtree(out)
        shutil.rmtree(model)
    rows = [(row["input_ids"], row["labels"]) for row in dataset]
    found = comparison(handoff, handoff.compare(rows, loss="block"), "llamafactory", llamafactory.__version__)
    found["trained_text"] = [tokenizer["tokenizer"].decode([label for label in labels if label != -100]) for _, labels in rows]
    return found


report(look)
