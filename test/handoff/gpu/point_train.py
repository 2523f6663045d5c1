"""TRL's own `trl sft` with the packed launch config trains a small model from nothing, once with loss on the empty block and once without. Where
it bears loss the model must follow every switch: it thinks, or writes the empty block, as the last flag says. Where it does not, the model must
follow what the template writes; what it makes of `/no_think` alone is only told."""

from __future__ import annotations

import json
import re
import shutil
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from launched import launched
from models import qwen3
from scene import Scene, parquet_rows

BLOCK = re.compile(r"<think>\n(.*?)\n</think>\n\n(?!.*</?think>)(.+)", re.DOTALL)


def train(scene: Scene) -> dict[str, Any]:
    folder = scene.out / "small"
    checkpoint(scene, folder / "start")
    finding: dict[str, Any] = {"version": __import__("trl").__version__, "steps": STEPS[scene.device]}
    for name, handoff in {"block untrained": scene.fusion, "block trained": scene.switch}.items():
        trainer = trl_sft(scene, handoff, folder)
        model = trainer.model.to(torch.float32 if scene.small else torch.bfloat16).eval()
        losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
        followed = {mode: follow(scene, model, scene.tokenizer(handoff), *asked) for mode, asked in MODES.items()}
        trained = sum(label != -100 for labels in trainer.train_dataset["labels"] for label in labels)
        finding[name] = {"rows": len(trainer.train_dataset), "trained_tokens": trained, "as_manifest": trained == manifest_count(handoff), "first_loss": losses[0], "last_loss": losses[-1], "followed": followed}
        if handoff == scene.switch:
            scene.tokenizer(handoff).save_pretrained(folder / "trained")
            model.save_pretrained(folder / "trained")
    # Two steps on a CPU teach nothing: there it is enough that they are taken.
    finding["holds"] = all(part["as_manifest"] for name, part in finding.items() if name.startswith("block")) and (scene.small or learned(finding))
    return finding


def learned(finding: dict[str, Any]) -> bool:
    return all(
        part["last_loss"] < part["first_loss"] and all(mode["right"] >= 0.9 for flag, mode in part["followed"].items() if name == "block trained" or flag != "/no_think")
        for name, part in finding.items()
        if name.startswith("block")
    )


def manifest_count(handoff: Path) -> int:
    shards = json.loads((handoff / "manifest.json").read_bytes())["shards"]
    return sum(shard["trained_tokens"] for shard in shards if shard["path"].startswith("packed/"))


STEPS = {"cpu": 2, "cuda": 400}
# A flag in the question, and what the template is told. Thinking is meant where neither says otherwise.
MODES = {"no flag": ("", True), "/think": (" /think", True), "/no_think": (" /no_think", True), "enable_thinking=False": ("", False)}


def checkpoint(scene: Scene, folder: Path) -> None:
    qwen3("tiny" if scene.small else "small", 0).save_pretrained(folder)
    scene.tokenizer(scene.fusion).save_pretrained(folder)


def trl_sft(scene: Scene, handoff: Path, folder: Path) -> Any:
    settings = {
        "model_name_or_path": folder / "start",
        "output_dir": folder / "out",
        "max_steps": STEPS[scene.device],
        "per_device_train_batch_size": 1 if scene.small else 4,
        "gradient_accumulation_steps": 1,
        "learning_rate": 1e-3,
        "warmup_steps": 30,
        "attn_implementation": "sdpa",
        "logging_steps": 1 if scene.small else 50,
    }
    try:
        return launched(scene, handoff, "sft", "launch/trl-packed.yaml", settings)
    finally:
        shutil.rmtree(folder / "out", ignore_errors=True)


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
