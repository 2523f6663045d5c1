"""A tiny random Qwen3 beside the handoff's own tokenizer, saved as a checkpoint: what a launch config names in place of the real model."""

from __future__ import annotations

import atexit
import os
import shutil
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import torch
from transformers import AutoTokenizer, Qwen3Config, Qwen3ForCausalLM


@cache
def weights() -> Path:
    torch.manual_seed(0)
    config = Qwen3Config(
        vocab_size=151936,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=8,
        max_position_embeddings=32768,
        tie_word_embeddings=True,
        eos_token_id=151645,
        pad_token_id=151643,
    )
    folder = Path(mkdtemp(prefix="cotyledon-weights-"))
    atexit.register(shutil.rmtree, folder)
    Qwen3ForCausalLM(config).save_pretrained(folder)
    return folder


def tiny_qwen3(handoff: Path) -> Path:
    """A new folder, the caller's to remove."""
    folder = Path(mkdtemp(prefix="cotyledon-tiny-qwen3-"))
    shutil.copytree(weights(), folder, dirs_exist_ok=True, copy_function=os.link)
    tokenizer = AutoTokenizer.from_pretrained(handoff / "tokenizer")
    tokenizer.chat_template = (handoff / "templates" / "qwen3.jinja").read_text(encoding="utf8")
    tokenizer.save_pretrained(folder)
    return folder
