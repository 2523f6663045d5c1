"""TRL's own `trl sft` from the handoff's launch configs, over samples and over packed rows, with a tiny model on the CPU: two steps each.
`--prepare` stops before the first step; `--trl-sft` or `--trl-packed`: only that config."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Iterator

from report import comparison, report, verifier

import trl
from tiny_qwen3 import tiny_qwen3
from trl.scripts.sft import main, make_parser

prepare_only = "--prepare" in sys.argv
configs = [config for config in ("trl-sft", "trl-packed") if f"--{config}" in sys.argv] or ["trl-sft", "trl-packed"]
sys.argv = [argument for argument in sys.argv if not argument.startswith("--")]
trainers: list[Any] = []
train = trl.SFTTrainer.train


def remember(trainer: Any, **settings: Any) -> Any:
    trainers.append(trainer)
    return None if prepare_only else train(trainer, **settings)


trl.SFTTrainer.train = remember
trl.SFTTrainer.save_model = lambda *_, **__: None


def run(config: str, folder: Path) -> Any:
    """The trainer of one launch config, after its steps."""
    model, out = tiny_qwen3(folder), mkdtemp(prefix="cotyledon-trl-")
    settings = {
        "model_name_or_path": model,
        "output_dir": out,
        "max_steps": 2,
        "gradient_accumulation_steps": 1,
        "warmup_steps": 0,
        "use_cpu": "true",
        "bf16": "false",
        "dtype": "float32",
        "attn_implementation": "sdpa",
        "report_to": "none",
        "save_strategy": "no",
        "logging_steps": 1,
    }
    try:
        arguments = ["--config", config, *(f"--{key}={value}" for key, value in settings.items())]
        main(*make_parser().parse_args_and_config(arguments, fail_with_unknown_args=True))
        return trainers.pop()
    finally:
        shutil.rmtree(out)
        shutil.rmtree(model)


def batches(trainer: Any) -> Iterator[tuple[list[int], list[int]]]:
    """Ids and labels as the trainer's own collator gives them to the model, segment by segment."""
    for row in trainer.train_dataset:
        batch = trainer.data_collator([row])
        ids, labels = batch["input_ids"][0].tolist(), batch["labels"][0].tolist()
        starts = [at for at, position in enumerate(batch["position_ids"][0].tolist()) if position == 0] if "position_ids" in batch else [0]
        for start, end in zip(starts, [*starts[1:], len(ids)]):
            yield ids[start:end], labels[start:end]


def look(folder: Path) -> dict[str, Any]:
    module = verifier(folder)
    handoff = module.Handoff(folder)
    found: dict[str, Any] = {}
    for name in configs:
        try:
            trainer = run(f"launch/{name}.yaml", folder)
            rows = list(batches(trainer))
            finding = comparison(handoff, handoff.compare(rows), "trl", trl.__version__)
            finding["losses"] = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
            finding["trained_text"] = [handoff.tokenizer.decode([i for i in labels if i != -100], skip_special_tokens=False) for _, labels in rows]
            found[name] = finding
        except Exception as error:
            found[name] = {"raised": f"{type(error).__name__}: {error}"[:2000]}
    return found


report(look)
