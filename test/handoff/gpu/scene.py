"""Where the handoffs stand, and what every point reads of them."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Iterator

import pyarrow.parquet as pq


@dataclass
class Scene:
    folder: Path
    """Where receipts, checkpoints and findings go."""
    out: Path
    device: str

    @property
    def small(self) -> bool:
        """Whether a CPU has to do it."""
        return self.device == "cpu"

    @cached_property
    def fusion(self) -> Path:
        return only_folder(self.folder / "fusion")

    @cached_property
    def switch(self) -> Path:
        return only_folder(self.folder / "switch")

    @cached_property
    def rl(self) -> Path:
        return only_folder(self.folder / "rl")

    @cached_property
    def verifier(self) -> Any:
        """The module that the handoff carries."""
        sys.dont_write_bytecode = True
        sys.path.insert(0, str(self.fusion))
        try:
            import verify_handoff
        finally:
            sys.path.remove(str(self.fusion))
        return verify_handoff

    def tokenizer(self, handoff: Path) -> Any:
        from transformers import AutoTokenizer

        tokenizer = AutoTokenizer.from_pretrained(handoff / "tokenizer")
        tokenizer.chat_template = (handoff / "templates" / "qwen3.jinja").read_text(encoding="utf8")
        return tokenizer


def only_folder(folder: Path) -> Path:
    [found] = folder.iterdir()
    return found


def parquet_rows(handoff: Path, view: str) -> Iterator[dict[str, Any]]:
    for path in sorted((handoff / view).glob("*.parquet")):
        for batch in pq.ParquetFile(path).iter_batches(batch_size=64):
            yield from batch.to_pylist()
