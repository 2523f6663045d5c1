"""TRL's own `trl grpo` with the launch config and the shipped reward takes steps from the model that `train` left: its rewards come from
`cotyledon verify`."""

from __future__ import annotations

import os
import sys
from typing import Any

from launched import launched
from scene import Scene, parquet_rows


def grpo(scene: Scene) -> dict[str, Any]:
    command = scene.folder / "cotyledon" / "cotyledon"
    if command.exists():
        os.environ.setdefault("COTYLEDON", str(command))
    planted = rewards(scene)
    import trl

    settings = {
        "model_name_or_path": scene.out / "small" / "trained",
        "output_dir": scene.out / "grpo",
        "max_steps": 1 if scene.small else 4,
        "num_generations": 2 if scene.small else 8,
        "per_device_train_batch_size": 2 if scene.small else 64,
        "gradient_accumulation_steps": 1,
        "steps_per_generation": 1,
        "max_completion_length": 8 if scene.small else 320,
        "learning_rate": 1e-5,
        "use_vllm": "false",
        "logging_steps": 1,
    }
    trainer = launched(scene, scene.rl, "grpo", "launch/trl-grpo.yaml", settings)
    names = ("reward", "reward_std", "loss", "grad_norm", "completions/mean_length", "completions/clipped_ratio")
    steps = [{name: entry.get(name) for name in names} for entry in trainer.state.log_history if "reward" in entry]
    return {
        "holds": planted == [1, 0, 0] and len(steps) == settings["max_steps"] and (scene.small or any(entry["grad_norm"] > 0 for entry in steps)),
        "version": trl.__version__,
        "rows": len(trainer.train_dataset),
        "planted_rewards": planted,
        "steps": steps,
    }


def rewards(scene: Scene) -> list[float | None]:
    """What the shipped reward gives to a right answer, a wrong one, and a right one inside of thinking that has no end."""
    sys.path.insert(0, str(scene.rl / "rewards"))
    import cotyledon_rewards

    row = next(parquet_rows(scene.rl, "rl"))
    truth = row["reward_model"]["ground_truth"]
    texts = [f"<think>\nSo.\n</think>\n\n\\boxed{{{truth}}}", "<think>\nSo.\n</think>\n\n\\boxed{-987654321}", f"<think>\nIt is \\boxed{{{truth}}}"]
    names = {name: [row[name]] * 3 for name in ("ground_truth", "extra_info", "reward_model", "data_source", "dataset")}
    return cotyledon_rewards.reward(completions=[[{"role": "assistant", "content": text}] for text in texts], **names)
