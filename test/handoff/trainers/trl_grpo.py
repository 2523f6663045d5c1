"""TRL's own `trl grpo` from the handoff's launch config, with its reward and a tiny model on the CPU: one step."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from report import report, verifier

import trl
from tiny_qwen3 import tiny_qwen3
from trl.scripts.grpo import main, make_parser

trainers: list[Any] = []
train = trl.GRPOTrainer.train


def remember(trainer: Any, **settings: Any) -> Any:
    trainers.append(trainer)
    return train(trainer, **settings)


trl.GRPOTrainer.train = remember
trl.GRPOTrainer.save_model = lambda *_, **__: None


def look(folder: Path) -> dict[str, Any]:
    module = verifier(folder)
    handoff = module.Handoff(folder)
    model, out = tiny_qwen3(folder), mkdtemp(prefix="cotyledon-grpo-")
    settings = {
        "model_name_or_path": model,
        "output_dir": out,
        "max_steps": 1,
        "num_generations": 2,
        "per_device_train_batch_size": 2,
        "gradient_accumulation_steps": 1,
        "steps_per_generation": 1,
        "max_completion_length": 8,
        "use_vllm": "false",
        "use_cpu": "true",
        "bf16": "false",
        "dtype": "float32",
        "report_to": "none",
        "save_strategy": "no",
        "logging_steps": 1,
    }
    try:
        arguments = ["--config", "launch/trl-grpo.yaml", *(f"--{key}={value}" for key, value in settings.items())]
        main(*make_parser().parse_args_and_config(arguments, fail_with_unknown_args=True))
        trainer = trainers.pop()
    finally:
        shutil.rmtree(out)
        shutil.rmtree(model)
    steps = [entry for entry in trainer.state.log_history if "reward" in entry]
    return {
        "trainer": "trl",
        "version": trl.__version__,
        "rows": len(trainer.train_dataset),
        "columns": trainer.train_dataset.column_names,
        "steps": [{"reward": step["reward"], "loss": step.get("loss"), "tokens": step["num_tokens"]} for step in steps],
    }


report(look)
