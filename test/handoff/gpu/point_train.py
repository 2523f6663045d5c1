"""TRL's own `trl sft` with the packed launch config trains a small model from nothing; then the model must follow the flags: it thinks, or writes
the empty block, as the last flag says."""

from __future__ import annotations

import os
import re
import shutil
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from models import qwen3
from scene import Scene, parquet_rows

BLOCK = re.compile(r"<think>\n(.*?)\n</think>\n\n(?!.*</?think>)(.+)", re.DOTALL)


def train(scene: Scene) -> dict[str, Any]:
    folder = scene.out / "small"
    checkpoint(scene, folder / "start")
    trainer = trl_sft(scene, folder)
    tokenizer = scene.tokenizer(scene.fusion)
    tokenizer.save_pretrained(folder / "trained")
    model = trainer.model.to(torch.float32 if scene.small else torch.bfloat16).eval()
    model.save_pretrained(folder / "trained")
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    followed = {name: follow(scene, model, tokenizer, flag, enable) for name, (flag, enable) in MODES.items()}
    finding = {"version": __import__("trl").__version__, "rows": len(trainer.train_dataset), "steps": trainer.state.global_step}
    finding |= {"first_loss": losses[0], "last_loss": losses[-1], "followed": followed}
    finding["train_runtime"] = next((entry["train_runtime"] for entry in trainer.state.log_history if "train_runtime" in entry), None)
    # Two steps on a CPU teach nothing: there it is enough that they are taken.
    finding["holds"] = scene.small or (losses[-1] < losses[0] and all(mode["right"] >= 0.9 for mode in followed.values()))
    return finding


# A flag in the question, and what the template is told. Thinking is meant where neither says otherwise.
MODES = {"no flag": ("", True), "/think": (" /think", True), "/no_think": (" /no_think", True), "enable_thinking=False": ("", False)}


def checkpoint(scene: Scene, folder: Path) -> None:
    qwen3("tiny" if scene.small else "small", 0).save_pretrained(folder)
    scene.tokenizer(scene.fusion).save_pretrained(folder)


def trl_sft(scene: Scene, folder: Path) -> Any:
    import trl
    from trl.scripts.sft import main, make_parser

    settings = {
        "model_name_or_path": folder / "start",
        "output_dir": folder / "out",
        "max_steps": 2 if scene.small else 400,
        "per_device_train_batch_size": 1 if scene.small else 4,
        "gradient_accumulation_steps": 1,
        "gradient_checkpointing": "false",
        "learning_rate": 1e-3,
        "warmup_steps": 30,
        "attn_implementation": "sdpa",
        "dtype": "float32",
        "report_to": "none",
        "save_strategy": "no",
        "logging_steps": 1 if scene.small else 50,
        **({"use_cpu": "true", "bf16": "false"} if scene.small else {}),
    }
    trainers: list[Any] = []
    step = trl.SFTTrainer.train

    def remember(trainer: Any, **given: Any) -> Any:
        trainers.append(trainer)
        return step(trainer, **given)

    trl.SFTTrainer.train, trl.SFTTrainer.save_model = remember, lambda *_, **__: None
    os.chdir(scene.fusion)
    try:
        arguments = ["--config", "launch/trl-packed.yaml", *(f"--{key}={value}" for key, value in settings.items())]
        main(*make_parser().parse_args_and_config(arguments, fail_with_unknown_args=True))
    finally:
        os.chdir(scene.folder)
        trl.SFTTrainer.train = step
        shutil.rmtree(folder / "out", ignore_errors=True)
    return trainers.pop()


@torch.no_grad()
def follow(scene: Scene, model: Any, tokenizer: Any, flag: str, enable: bool) -> dict[str, Any]:
    """Answers to questions that were not trained, and how many have the form that was asked for."""
    count, length = (4, 8) if scene.small else (128, 400)
    questions = [row["prompt"] for row in islice(parquet_rows(scene.rl, "rl"), count)]
    prompts = [
        tokenizer.apply_chat_template([{**turns[-1], "content": turns[-1]["content"] + flag}], tokenize=False, add_generation_prompt=True, enable_thinking=enable)
        for turns in questions
    ]
    batch = tokenizer(prompts, return_tensors="pt", padding=True, padding_side="left", add_special_tokens=False).to(scene.device)
    made = model.generate(**batch, max_new_tokens=length, do_sample=False, eos_token_id=151645, pad_token_id=151643)[:, batch["input_ids"].shape[1] :]
    texts = tokenizer.batch_decode(made, skip_special_tokens=False)
    thinks = enable and flag != " /no_think"
    right = complete = 0
    for text in texts:
        body, end, _ = text.partition("<|im_end|>")
        complete += bool(end)
        # The template has written the empty block already where it was told so.
        match = BLOCK.fullmatch(body if enable else f"<think>\n\n</think>\n\n{body}")
        right += bool(match) and bool(match[1].strip()) == thinks
    return {"of": count, "complete": complete, "right": right / count, "first": texts[0][:400]}
