"""TRL's own commands from a handoff's launch configs, in this process."""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from typing import Any

from scene import Scene

# What a check needs otherwise than a training.
CHECKING = {"gradient_checkpointing": "false", "dtype": "float32", "report_to": "none", "save_strategy": "no"}


def launched(scene: Scene, handoff: Path, command: str, config: str, settings: dict[str, Any]) -> Any:
    """Runs `trl COMMAND` (sft, grpo) in the handoff's folder, with `settings` over its config; gives the trainer after its steps."""
    import trl

    script = import_module(f"trl.scripts.{command}")
    kind = {"sft": trl.SFTTrainer, "grpo": trl.GRPOTrainer}[command]
    trainers: list[Any] = []
    train, save = kind.train, kind.save_model

    def remember(trainer: Any, **given: Any) -> Any:
        trainers.append(trainer)
        return train(trainer, **given)

    kind.train, kind.save_model = remember, lambda *_, **__: None
    on_a_cpu = {"use_cpu": "true", "bf16": "false"} if scene.small else {}
    os.chdir(handoff)
    try:
        arguments = ["--config", config, *(f"--{key}={value}" for key, value in {**CHECKING, **settings, **on_a_cpu}.items())]
        script.main(*script.make_parser().parse_args_and_config(arguments, fail_with_unknown_args=True))
    finally:
        os.chdir(scene.folder)
        kind.train, kind.save_model = train, save
    return trainers.pop()
