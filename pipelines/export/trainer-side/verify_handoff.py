"""Proves on the trainer's side that this handoff is what its manifest says, and writes receipts of what a trainer took from it.

    python verify_handoff.py DIR [--trainer NAME] [--version V] [--receipts DIR] [--template]

DIR holds manifest.json; its name is the SHA-256 of that file. Checked are every file's hash, missing and unexpected files, schemas, row
counts, the hash of the rows, the form of every SFT row, its tokens and trained tokens with the carried tokenizer, the probes, and that the
messages and packed views hold the same samples. Each fault is named with its file and row. Exit code 0: all holds; 1: faults; 2: usage.

From a training script, with the token ids and labels that the trainer really prepared:

    handoff = Handoff("DIR")
    prepared = handoff.compare((row["input_ids"], row["labels"]) for row in trainer.train_dataset)
    handoff.write_receipt("trl", "1.16.0", handoff.verify() + prepared.faults, prepared)

Needs pyarrow and tokenizers; jinja2 for --template.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.metadata
import json
import math
import os
import platform
import re
import struct
import sys
from array import array
from collections import Counter
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any, Iterable, Iterator, NamedTuple, Sequence

import pyarrow as pa
import pyarrow.parquet as pq
from tokenizers import Tokenizer

UNTRAINED = -100
EMPTY_BLOCK = "<think>\n\n</think>\n\n"
ASSISTANT = "<|im_start|>assistant\n"
END_OF_TEXT = 151643
IDX_MAGIC = b"MMIDIDX\x00\x00"


class Fault(NamedTuple):
    """What does not hold, and where: a path in the handoff, and the row's id where it is one row's."""

    file: str
    row: str | None
    what: str

    def __str__(self) -> str:
        return printable(f"{self.file}: {'' if self.row is None else f'row {self.row}: '}{self.what}")


class Encoded(NamedTuple):
    """A sample as every trainer must see it. `labels`: the ids that bear loss, -100 elsewhere."""

    input_ids: list[int]
    labels: list[int]

    @property
    def trained(self) -> int:
        return sum(label != UNTRAINED for label in self.labels)


@dataclass
class Prepared:
    """What a trainer made of the samples: counts, and where it departs from the handoff."""

    rows: int = 0
    tokens: int = 0
    trained_tokens: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    probes: dict[str, bool] = field(default_factory=dict)
    first_batch_sha256: str = ""
    faults: list[Fault] = field(default_factory=list)


def printable(text: str) -> str:
    """Text from a file, safe for a terminal and on one line."""
    text = text if len(text) <= 500 else text[:500] + "..."
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def file_sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def ids_sha256(ids: Sequence[int]) -> str:
    """Hash over the int32 little-endian bytes, as in the manifest's probes."""
    numbers = array("i", ids)
    if sys.byteorder == "big":
        numbers.byteswap()
    return hashlib.sha256(numbers.tobytes()).hexdigest()


def canonical_number(value: float) -> str:
    """A double as JSON.stringify writes it: the shortest digits that read back, exponents from 1e21 and below 1e-6."""
    if not math.isfinite(value):
        return '"NaN"' if value != value else '"Infinity"' if value > 0 else '"-Infinity"'
    mantissa, _, exponent = f"{value!r}".partition("e")
    sign, digits = ("-", mantissa[1:]) if mantissa.startswith("-") else ("", mantissa)
    whole, _, fraction = digits.partition(".")
    point = len(whole) + int(exponent or 0)
    digits = (whole + fraction).lstrip("0")
    point -= len(whole + fraction) - len(digits)
    digits = digits.rstrip("0")
    if not digits:
        return sign + "0"
    if point > 21 or point < -5:
        tail = "." + digits[1:] if len(digits) > 1 else ""
        return f"{sign}{digits[0]}{tail}e{'+' if point > 0 else '-'}{abs(point - 1)}"
    if point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    if point >= len(digits):
        return sign + digits + "0" * (point - len(digits))
    return f"{sign}{digits[:point]}.{digits[point:]}"


def canonical(value: Any) -> str:
    """JSON with sorted keys and no white space: what `logical_sha256` is taken over, a row a line."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(key)}:{canonical(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, float):
        return canonical_number(value)
    if isinstance(value, list) and not all(type(element) is int for element in value):
        return "[" + ",".join(map(canonical, value)) + "]"
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def schema_text(schema: pa.Schema) -> str:
    """An Arrow schema in the manifest's notation: `Schema<{ 0: id: Utf8, 1: prompt: List<Struct<{role:Utf8, content:Utf8}>> }>`."""

    def type_text(kind: pa.DataType) -> str:
        if pa.types.is_list(kind):
            return f"List<{type_text(kind.value_type)}>"
        if pa.types.is_struct(kind):
            return "Struct<{" + ", ".join(f"{f.name}:{type_text(f.type)}" for f in kind) + "}>"
        names = {"string": "Utf8", "bool": "Bool", "float": "Float32", "double": "Float64"}
        return names.get(str(kind), str(kind).capitalize())

    return "Schema<{ " + ", ".join(f"{at}: {f.name}: {type_text(f.type)}" for at, f in enumerate(schema)) + " }>"


def split_thinking(completion: str) -> tuple[str, str] | None:
    """Thinking ("" for an empty block) and answer; None where the text is not one block and an answer."""
    match = re.fullmatch(r"<think>\n(.*)\n</think>\n\n(.+)", completion, re.DOTALL)
    if match is None or re.search("</?think>", match[1] + match[2]):
        return None
    return match[1], match[2]


def render(messages: Sequence[dict[str, Any]], tools: list[Any] | None = None) -> str:
    """What the stock template makes of an SFT row's messages, where earlier turns hold no thinking and the last one its block."""
    text: list[str] = []
    rest = list(messages)
    if tools:
        system = rest.pop(0)["content"] + "\n\n" if rest and rest[0]["role"] == "system" else ""
        listed = "".join("\n" + json.dumps(tool, ensure_ascii=False) for tool in tools)
        text.append(
            f"<|im_start|>system\n{system}# Tools\n\nYou may call one or more functions to assist with the user query.\n\n"
            f"You are provided with function signatures within <tools></tools> XML tags:\n<tools>{listed}\n</tools>\n\n"
            "For each function call, return a json object with function name and arguments within <tool_call></tool_call> XML tags:\n"
            '<tool_call>\n{"name": <function-name>, "arguments": <args-json-object>}\n</tool_call><|im_end|>\n'
        )
    for at, message in enumerate(rest):
        if message["role"] != "tool":
            text.append(f"<|im_start|>{message['role']}\n{message['content']}<|im_end|>\n")
            continue
        if at == 0 or rest[at - 1]["role"] != "tool":
            text.append("<|im_start|>user")
        text.append(f"\n<tool_response>\n{message['content']}\n</tool_response>")
        if at + 1 == len(rest) or rest[at + 1]["role"] != "tool":
            text.append("<|im_end|>\n")
    return "".join(text)


def tools_of(row: dict[str, Any]) -> list[Any] | None:
    return json.loads(row["tools"]) if row.get("tools") else None


class Handoff:
    """A handoff's folder. Throws where it has no readable manifest.json; everything else that is wrong is a Fault."""

    def __init__(self, folder: str | os.PathLike[str]):
        self.folder = Path(folder).resolve()
        self.manifest_bytes = (self.folder / "manifest.json").read_bytes()
        self.manifest: dict[str, Any] = json.loads(self.manifest_bytes)
        self.sha256 = hashlib.sha256(self.manifest_bytes).hexdigest()
        self.probes = {probe["row_id"]: probe for probe in self.manifest["probes"]}
        self.tokenizer = Tokenizer.from_file(str(self.folder / "tokenizer" / "tokenizer.json"))
        added = self.tokenizer.get_added_tokens_decoder().values()
        self.special = [token.content for token in added if token.special]

    def shards(self, view: str) -> list[dict[str, Any]]:
        return [shard for shard in self.manifest["shards"] if shard["path"].startswith(view + "/")]

    def rows(self, view: str, faults: list[Fault]) -> Iterator[tuple[str, dict[str, Any]]]:
        """Rows of a view with their file, in order. A file that cannot be read to its end is a fault and ends there."""
        for shard in self.shards(view):
            try:
                with pq.ParquetFile(self.folder / shard["path"]) as file:
                    for batch in file.iter_batches(batch_size=256):
                        for row in batch.to_pylist():
                            yield shard["path"], row
            except (OSError, pa.ArrowException) as error:
                faults.append(Fault(shard["path"], None, f"cannot be read: {error}"))

    def encode(self, row: dict[str, Any], empty_think_loss: bool = False) -> Encoded:
        """Token ids and labels of an SFT row; raises ValueError where the prompt's tokens do not begin the sample's."""
        prompt = render(row["prompt"], tools_of(row)) + ASSISTANT
        completion = row["completion"][0]["content"] + "<|im_end|>\n"
        head = prompt if row["enable_thinking"] or empty_think_loss else prompt + EMPTY_BLOCK
        encoded = self.tokenizer.encode_batch_fast([head, prompt + completion], add_special_tokens=False)
        untrained, ids = encoded[0].ids, encoded[1].ids
        if ids[: len(untrained)] != untrained:
            raise ValueError("the tokens of the prompt do not begin those of prompt and completion")
        return Encoded(ids, [UNTRAINED] * len(untrained) + ids[len(untrained) :])
