"""Random Qwen3 models of known seeds: the same weights on every machine."""

from __future__ import annotations

import hashlib

import torch
from transformers import Qwen3Config, Qwen3ForCausalLM

SHAPES = {
    # hidden, intermediate, layers, heads, key-value heads, width of a head
    "tiny": (32, 64, 2, 4, 2, 8),
    "small": (512, 1536, 8, 8, 4, 64),
    # Qwen3-0.6B's own
    "0.6B": (1024, 3072, 28, 16, 8, 128),
}


def qwen3(shape: str, seed: int, **settings: object) -> Qwen3ForCausalLM:
    """In float32 on the CPU, where a seed gives the same numbers everywhere."""
    hidden, intermediate, layers, heads, kv_heads, width = SHAPES[shape]
    config = Qwen3Config(
        vocab_size=151936,
        hidden_size=hidden,
        intermediate_size=intermediate,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=kv_heads,
        head_dim=width,
        max_position_embeddings=32768,
        tie_word_embeddings=True,
        eos_token_id=151645,
        pad_token_id=151643,
        attn_implementation="sdpa",
        **settings,
    )
    torch.manual_seed(seed)
    return Qwen3ForCausalLM(config)


def weights_sha256(model: torch.nn.Module) -> str:
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.detach().float().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def distilled_pair() -> tuple[Qwen3ForCausalLM, Qwen3ForCausalLM]:
    """Student and teacher of the F5 rows. Their wide embeddings make them sure of some tokens, as trained models are."""
    return qwen3("tiny", 1, initializer_range=0.6).eval(), qwen3("tiny", 2, initializer_range=0.6).eval()
