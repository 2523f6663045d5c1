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
ASSISTANT_TURN = re.compile(r"<\|im_start\|>assistant\n(.*?<\|im_end\|>\n)", re.DOTALL)
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

    def encode(self, row: dict[str, Any], loss: str = "completion") -> Encoded:
        """Token ids and labels of an SFT row. `loss`: `completion`, as in the manifest's probes; `block`: also of the empty block of a
        non-thinking row; `turns`: of every assistant turn. Raises ValueError where a boundary of the loss is inside of a token."""
        text = render(row["prompt"] + row["completion"], tools_of(row))
        turns = [match.span(1) for match in ASSISTANT_TURN.finditer(text)]
        if loss != "turns":
            turns = turns[-1:]
        if loss == "completion" and not row["enable_thinking"]:
            turns = [(start + len(EMPTY_BLOCK), end) for start, end in turns]
        edges = [0, *(edge for turn in turns for edge in turn)]
        pieces = [text[start:end] for start, end in zip(edges, edges[1:])]
        ids, labels = [], []
        for at, piece in enumerate(self.tokenizer.encode_batch_fast(pieces, add_special_tokens=False)):
            ids += piece.ids
            labels += piece.ids if at % 2 else [UNTRAINED] * len(piece.ids)
        if ids != self.tokenizer.encode(text, add_special_tokens=False).ids:
            raise ValueError("its loss begins or ends inside of a token")
        return Encoded(ids, labels)

    def verify(self, template: bool = False) -> list[Fault]:
        """Everything that can be checked without a trainer. `template`: also renders every sample with the carried stock template."""
        faults = list(self.file_faults())
        faults += self.name_faults()
        faults += self.row_hash_faults()
        faults += self.sample_faults(stock_template(self.folder) if template else None)
        faults += self.rl_faults()
        faults += self.token_file_faults()
        return faults

    def file_faults(self) -> Iterator[Fault]:
        """Names and hashes: the folder's, and those of every file in it."""
        if self.folder.name != self.sha256:
            yield Fault("manifest.json", None, f"its SHA-256 is {self.sha256}, the folder is named {self.folder.name}")
        listed = {entry["path"]: entry for entry in self.manifest["shards"] + self.manifest["files"]}
        for path, entry in listed.items():
            file = self.folder / path
            if self.folder not in file.parents or ".." in Path(path).parts:
                yield Fault("manifest.json", None, f"names a file outside of the handoff: {path}")
            elif not file.is_file():
                yield Fault(path, None, "is missing")
            elif file.stat().st_size != entry["bytes"]:
                yield Fault(path, None, f"has {file.stat().st_size} bytes instead of {entry['bytes']}")
            elif file_sha256(file) != entry["sha256"]:
                yield Fault(path, None, "its bytes are not those of the manifest (SHA-256)")
        for file in sorted(self.folder.rglob("*")):
            path = file.relative_to(self.folder).as_posix()
            ours = path in listed or path == "manifest.json" or path.startswith("receipts/") or "__pycache__" in file.parts
            if not ours and not file.is_dir():
                yield Fault(path, None, "is not in the manifest")

    def name_faults(self) -> Iterator[Fault]:
        """What the manifest says of tokenizer, templates and launch configs."""
        manifest, files = self.manifest, {entry["path"]: entry["sha256"] for entry in self.manifest["files"]}
        vocabulary = self.tokenizer.get_vocab_size(with_added_tokens=True)
        if vocabulary != manifest["tokenizer"]["vocab_size"]:
            yield Fault("tokenizer/tokenizer.json", None, f"has {vocabulary} entries instead of {manifest['tokenizer']['vocab_size']}")
        named = [
            ("tokenizer/tokenizer.json", manifest["tokenizer"]["sha256"]),
            ("templates/qwen3.jinja", manifest["template"]["stock_sha256"]),
            (manifest["template"]["training"], manifest["template"]["training_sha256"]),
            *((launch["config"], launch["config_sha256"]) for launch in manifest["launch"]),
        ]
        for path, digest in named:
            if files.get(path) != digest:
                yield Fault(path, None, "the manifest gives it two different hashes" if path in files else "the manifest does not list it")
        for launch in manifest["launch"]:
            config = self.folder / launch["config"]
            if config.is_file() and re.search(r"^\s*enable_thinking:\s*false", config.read_text(), re.MULTILINE):
                yield Fault(launch["config"], None, "enable_thinking: false would empty every thinking block")

    def row_hash_faults(self) -> Iterator[Fault]:
        """Schema, row count and hash of the rows of every Parquet shard."""
        for shard in self.manifest["shards"]:
            if not shard["path"].endswith(".parquet"):
                if shard["logical_sha256"] != shard["sha256"]:
                    yield Fault(shard["path"], None, "the manifest gives it two different hashes")
                continue
            digest, rows = hashlib.sha256(), 0
            try:
                with pq.ParquetFile(self.folder / shard["path"]) as file:
                    found = schema_text(file.schema_arrow)
                    for batch in file.iter_batches(batch_size=256):
                        rows += batch.num_rows
                        for row in batch.to_pylist():
                            digest.update(canonical(row).encode() + b"\n")
            except (OSError, pa.ArrowException) as error:
                yield Fault(shard["path"], None, f"cannot be read: {error}")
                continue
            if found != shard["schema"]:
                yield Fault(shard["path"], None, f"has the schema {found} instead of {shard['schema']}")
            if rows != shard["rows"]:
                yield Fault(shard["path"], None, f"has {rows} rows instead of {shard['rows']}")
            if digest.hexdigest() != shard["logical_sha256"]:
                yield Fault(shard["path"], None, "its rows are not those of the manifest (logical_sha256)")

    def form_fault(self, row: dict[str, Any]) -> str | None:
        """What is wrong with an SFT row before it has tokens."""
        messages = (row.get("prompt") or []) + (row.get("completion") or [])
        for message in messages:
            role, content = (message or {}).get("role"), (message or {}).get("content")
            if role not in ("system", "user", "assistant", "tool") or not isinstance(content, str):
                return f"has a message with the role {role} and {'no' if content is None else 'a'} content"
            for token in self.special:
                if token in content:
                    return f"has the special token {token} in its content"
        if [m["role"] for m in row.get("completion") or []] != ["assistant"]:
            return "its completion is not one assistant turn"
        prompt = messages[:-1]
        asked = [m for m in prompt if m["role"] == "user" and not m["content"].startswith("<tool_response>")]
        if not asked or prompt[-1]["role"] not in ("user", "tool") or any(m["role"] == "system" for m in prompt[1:]):
            return f"its prompt has the roles {', '.join(m['role'] for m in prompt) or 'of no message'}"
        if any(re.search("</?think>", m["content"]) for m in prompt):
            return "has a think tag in its prompt"
        thinks = row.get("enable_thinking")
        if thinks is None or row.get("chat_template_kwargs") != {"enable_thinking": thinks}:
            return f"chat_template_kwargs is {row.get('chat_template_kwargs')}, enable_thinking is {thinks}"
        parts = split_thinking(messages[-1]["content"])
        if parts is None or parts != (parts[0].strip("\n"), parts[1].lstrip("\n")) or not parts[1].strip():
            return "its completion is not one think block and an answer"
        if bool(parts[0].strip()) != thinks:
            return f"its thinking is {'empty' if thinks else 'not empty'}, enable_thinking is {thinks}"
        return None

    def sample_faults(self, stock: Any = None) -> list[Fault]:
        """The SFT rows one by one, their tokens, their probes, and the views that hold the same samples."""
        faults: list[Fault] = []
        counts: dict[str, list[int]] = {shard["path"]: [0, 0] for shard in self.manifest["shards"]}
        modes, segments, seen, ids = Counter(), Counter(), set(), set()
        for sample, view in zip_longest(self.rows("sft", faults), self.rows("messages", faults)):
            if sample is None or view is None:
                faults.append(Fault((sample or view)[0], (sample or view)[1].get("id"), "has no partner in the other view"))
                break
            (path, row), (view_path, messages_row) = sample, view
            row_id = row.get("id")
            if row_id in ids or not row_id:
                faults.append(Fault(path, row_id, "its id is empty or stands twice"))
            ids.add(row_id)
            try:
                if (wrong := self.form_fault(row)) is not None:
                    raise ValueError(wrong)
                encoded = self.encode(row)
                text = render(row["prompt"] + row["completion"], tools_of(row))
                if stock is not None and stock(row["prompt"] + row["completion"], tools_of(row)) != text:
                    raise ValueError("the stock template renders it otherwise")
            except ValueError as error:
                faults.append(Fault(path, row_id, str(error)))
                continue
            if "tools" in messages_row:
                faults.append(Fault(view_path, row_id, "has a column `tools`, which stops some loaders"))
            turns = [turn or {} for turn in messages_row.get("messages") or []]
            whole = all(isinstance(turn.get("content"), str) for turn in turns) and messages_row.get("id") == row_id
            if not whole or render(turns) != text or messages_row.get("enable_thinking") != row["enable_thinking"]:
                faults.append(Fault(view_path, row_id, "is not the sample that stands at this place in sft/"))
            for name in (path, view_path):
                counts[name][0] += len(encoded.input_ids)
                counts[name][1] += encoded.trained
            modes[row["enable_thinking"]] += 1
            segments[ids_sha256(encoded.input_ids + encoded.labels)] += 1
            if row_id in self.probes:
                seen.add(row_id)
                faults += (Fault(path, row_id, what) for what in probe_faults(self.probes[row_id], encoded))
        faults += (Fault("manifest.json", probe, "has a probe and no SFT row") for probe in self.probes.keys() - seen)
        counted = self.manifest["template"]["mode_counts"]
        if (modes[True], modes[False]) != (counted["thinking"], counted["non_thinking"]):
            faults.append(Fault("manifest.json", None, f"counts {counted}, found {modes[True]} thinking and {modes[False]} not"))
        self.add_packed_faults(faults, counts, segments)
        for shard in self.shards("sft") + self.shards("messages") + self.shards("packed"):
            if counts[shard["path"]] != [shard["tokens"], shard["trained_tokens"]]:
                found = "{} tokens, {} of them trained".format(*counts[shard["path"]])
                faults.append(Fault(shard["path"], None, f"has {found}, the manifest says {shard['tokens']} and {shard['trained_tokens']}"))
        return faults

    def add_packed_faults(self, faults: list[Fault], counts: dict[str, list[int]], segments: Counter[str]) -> None:
        """Packed rows: lengths, ids, labels, and that each segment is a sample, each sample once."""
        vocabulary = self.manifest["tokenizer"]["vocab_size"]
        at: Counter[str] = Counter()
        for path, row in self.rows("packed", faults):
            place, ids, labels, lengths = f"{at[path]}", row.get("input_ids") or [], row.get("labels") or [], row.get("seq_lengths") or []
            at[path] += 1
            counts[path][0] += len(ids)
            counts[path][1] += sum(label != UNTRAINED for label in labels)
            if not ids or len(ids) != len(labels) or sum(lengths) != len(ids) or min(lengths) < 1:
                faults.append(Fault(path, place, f"has {len(ids)} ids, {len(labels)} labels and segments of {sum(lengths)}"))
            elif len(ids) > self.manifest["packing"]["seq_len"]:
                faults.append(Fault(path, place, f"has {len(ids)} ids, more than {self.manifest['packing']['seq_len']}"))
            elif not 0 <= min(ids) <= max(ids) < vocabulary:
                faults.append(Fault(path, place, f"has ids outside of 0..{vocabulary - 1}"))
            elif any(label not in (UNTRAINED, token) for token, label in zip(ids, labels)):
                faults.append(Fault(path, place, "has a label that is neither -100 nor its token"))
            else:
                start = 0
                for length in lengths:
                    segment = ids[start : start + length] + labels[start : start + length]
                    if segments[ids_sha256(segment)] < 1:
                        faults.append(Fault(path, place, f"its segment at {start} is no sample of sft/, or stands twice"))
                    segments[ids_sha256(segment)] -= 1
                    start += length
        if self.shards("packed") and (left := sum(count for count in segments.values() if count > 0)):
            faults.append(Fault("packed", None, f"lacks {left} samples of sft/"))

    def rl_faults(self) -> list[Fault]:
        """RL prompts: what trainers and rewards need is there, and no answer stands in the prompt."""
        faults: list[Fault] = []
        ids: set[str] = set()
        for path, row in self.rows("rl", faults):
            row_id, wrong = row.get("id"), []
            prompt = [turn or {} for turn in row.get("prompt") or []]
            text = "\n".join(str(turn.get("content")) for turn in prompt)
            truth = (row.get("reward_model") or {}).get("ground_truth")
            if not row_id or row_id in ids:
                wrong.append("its id is empty or stands twice")
            ids.add(row_id)
            if not prompt or prompt[-1].get("role") != "user" or not all(isinstance(turn.get("content"), str) for turn in prompt):
                wrong.append("its prompt does not end with a user turn, or a turn has no content")
            if row.get("messages") != row.get("prompt"):
                wrong.append("messages and prompt differ")
            if not truth or not row.get("ground_truth") or len(row["ground_truth"]) != len(row.get("dataset") or []):
                wrong.append("has no ground truth, or not one for each name in `dataset`")
            if not row.get("data_source"):
                wrong.append("has no data_source")
            try:
                verifiers = json.loads((row.get("extra_info") or {})["verifiers"])
                if not verifiers or not all(isinstance(verifier["name"], str) for verifier in verifiers):
                    raise ValueError
            except (KeyError, TypeError, ValueError):
                wrong.append("extra_info.verifiers names no verifier")
            wrong += (f"has the special token {token} in its content" for token in self.special if token in text)
            answers = {str(truth), str(row.get("solution"))}
            if any(turn.get("role") == "assistant" for turn in prompt[-2:]) or any(states(text, answer) for answer in answers if truth):
                wrong.append("the answer stands in the prompt")
            faults += (Fault(path, row_id, what) for what in wrong)
        return faults

    def token_file_faults(self) -> Iterator[Fault]:
        """Token streams: the indexes of Megatron and datatrove fit the stream, ids are in the vocabulary, documents end as they should."""
        vocabulary = self.manifest["tokenizer"]["vocab_size"]
        for shard in self.manifest["shards"]:
            if not shard["path"].endswith(".idx"):
                continue
            try:
                stem = self.folder / shard["path"].removesuffix(".idx")
                tokens = array("i", stem.with_suffix(".bin").read_bytes())
                lengths = megatron_lengths((self.folder / shard["path"]).read_bytes())
            except (OSError, ValueError, struct.error) as error:
                yield Fault(shard["path"], None, f"{error}")
                continue
            if sys.byteorder == "big":
                tokens.byteswap()
            ends = [0]
            for length in lengths:
                ends.append(ends[-1] + length)
            if ends[-1] != len(tokens):
                yield Fault(shard["path"], None, f"its documents have {ends[-1]} tokens, the stream has {len(tokens)}")
            index = stem.with_suffix(".ds.index")
            if index.is_file() and index.read_bytes() != struct.pack(f"<{len(lengths)}Q", *ends[1:]):
                yield Fault(index.relative_to(self.folder).as_posix(), None, "its document ends are not Megatron's")
            if tokens and not 0 <= min(tokens) <= max(tokens) < vocabulary:
                yield Fault(shard["path"], None, f"the stream has ids outside of 0..{vocabulary - 1}")
            for at, end in enumerate(ends[1:]):
                if not 0 < end <= len(tokens) or tokens[end - 1] != END_OF_TEXT:
                    yield Fault(shard["path"], str(at), f"the document does not end with {END_OF_TEXT}")
                    break

    def compare(
        self,
        rows: Iterable[tuple[Sequence[int], Sequence[int]]],
        loss: str = "completion",
        dropped: dict[str, int] | None = None,
        first_batch: int = 8,
    ) -> Prepared:
        """Holds a trainer's own token ids and labels, in any order, against the SFT rows. `loss`: as of `encode`. `dropped`: rows that it left out on purpose, by reason; every other missing row is a fault."""
        prepared = Prepared(dropped=dict(dropped or {}))
        expected: dict[str, list[tuple[str, str, Encoded]]] = {}
        for path, row in self.rows("sft", prepared.faults):
            try:
                encoded = self.encode(row, loss)
            except (ValueError, TypeError, KeyError, IndexError) as error:
                prepared.faults.append(Fault(path, row.get("id"), f"cannot be encoded: {error}"))
                continue
            expected.setdefault(ids_sha256(encoded.input_ids), []).append((path, row["id"], encoded))
        batch = hashlib.sha256()
        for ids, labels in ((list(map(int, ids)), list(map(int, labels))) for ids, labels in rows):
            if prepared.rows < first_batch:
                batch.update(bytes.fromhex(ids_sha256(ids)))
            trained = sum(label != UNTRAINED for label in labels)
            prepared.rows += 1
            prepared.tokens += len(ids)
            prepared.trained_tokens += trained
            meant = expected.get(ids_sha256(ids))
            if not meant:
                text = self.tokenizer.decode(ids[:40], skip_special_tokens=False)
                prepared.faults.append(Fault("sft", None, f"no row becomes what the trainer prepared as its row {prepared.rows - 1}: {text}"))
                continue
            path, row_id, encoded = meant.pop()
            if labels != encoded.labels:
                prepared.faults.append(Fault(path, row_id, f"the trainer trains {trained} tokens of it instead of {encoded.trained}, or others"))
            if row_id in self.probes:
                wrong = list(probe_faults(self.probes[row_id], Encoded(ids, labels), loss))
                prepared.faults += (Fault(path, row_id, what) for what in wrong)
                prepared.probes[row_id] = not wrong
        prepared.first_batch_sha256 = batch.hexdigest()
        missing = [(path, row_id) for rows_left in expected.values() for path, row_id, _ in rows_left]
        if len(missing) != sum(prepared.dropped.values()):
            prepared.faults += (Fault(path, row_id, "is not among the rows that the trainer prepared") for path, row_id in missing)
        meant_tokens = [sum(shard[count] for shard in self.shards("sft")) for count in ("tokens", "trained_tokens")]
        found_tokens = [prepared.tokens, prepared.trained_tokens]
        if not prepared.dropped and found_tokens[: 2 if loss == "completion" else 1] != meant_tokens[: 2 if loss == "completion" else 1]:
            prepared.faults.append(Fault("sft", None, "the trainer has {} tokens, {} of them trained; ".format(*found_tokens) + "the manifest says {} and {}".format(*meant_tokens)))
        prepared.probes = {row_id: prepared.probes.get(row_id, False) for row_id in self.probes}
        return prepared

    def write_receipt(
        self,
        trainer: str,
        version: str,
        faults: Sequence[Fault],
        prepared: Prepared | None = None,
        cursor: dict[str, Any] | None = None,
        receipts: str | os.PathLike[str] | None = None,
    ) -> dict[str, Any]:
        """Appends one line to `receipts/TRAINER.jsonl` and returns it. `cursor`: where training stands: epoch, shard, row, sampler_state,
        global_step. Status `accepted`, `partial` where rows were dropped on purpose, `rejected` where there are faults."""
        prepared = prepared or Prepared()
        shards = [(shard["path"], self.folder / shard["path"]) for shard in self.manifest["shards"]]
        receipt = {
            "manifest_sha256": self.sha256,
            "trainer": trainer,
            "version": version,
            "environment_sha256": environment_sha256(),
            "shards": [{"path": path, "sha256": file_sha256(file) if file.is_file() else None} for path, file in shards],
            "rows": {"seen": prepared.rows, "dropped": prepared.dropped},
            "tokens": prepared.tokens,
            "trained_tokens": prepared.trained_tokens,
            "probes": [{"row_id": row_id, "held": held} for row_id, held in prepared.probes.items()],
            "first_batch_sha256": prepared.first_batch_sha256 or None,
            "cursor": cursor,
            "status": "rejected" if faults else "partial" if prepared.dropped else "accepted",
            "faults": [str(fault) for fault in faults[:100]],
        }
        folder = Path(receipts) if receipts else self.folder / "receipts"
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / f"{re.sub(r'[^A-Za-z0-9._-]', '_', trainer)}.jsonl").open("a", encoding="utf8") as file:
            file.write(json.dumps(receipt, ensure_ascii=False) + "\n")
        return receipt


def probe_faults(probe: dict[str, Any], encoded: Encoded, loss: str = "completion") -> Iterator[str]:
    if ids_sha256(encoded.input_ids) != probe["input_ids_sha256"]:
        yield "its probe has other token ids"
    if loss == "completion" and (ids_sha256(encoded.labels) != probe["labels_sha256"] or encoded.trained != probe["trained_tokens"]):
        yield f"its probe has other labels: {encoded.trained} tokens are trained instead of {probe['trained_tokens']}"


def states(text: str, answer: str) -> bool:
    """Whether a text gives an answer away, in the words and marks in which solutions end."""
    marked = rf"\\boxed\{{\s*{re.escape(answer)}\s*\}}|####\s*{re.escape(answer)}\s*$|\banswer(?: is|:)\s*{re.escape(answer)}[.\s]*$"
    return re.search(marked, text, re.MULTILINE | re.IGNORECASE) is not None


def megatron_lengths(index: bytes) -> Sequence[int]:
    """Document lengths in tokens of a Megatron index with one sequence for each document. Raises ValueError where it is none."""
    magic, version, kind, sequences, ends = struct.unpack_from("<9sQBQQ", index)
    if (magic, version, kind, ends) != (IDX_MAGIC, 1, 4, sequences + 1) or len(index) != 42 + 20 * sequences:
        raise ValueError("is no Megatron index of int32 ids with one sequence for each document")
    numbers = struct.unpack_from(f"<{sequences}i{sequences}q{ends}q", index, 34)
    pointer = 0
    for at, length in enumerate(numbers[:sequences]):
        if numbers[sequences + at] != pointer or numbers[2 * sequences + at] != at:
            raise ValueError(f"its pointers do not follow from its lengths at document {at}")
        pointer += 4 * length
    return numbers[:sequences]


def stock_template(folder: Path) -> Any:
    """The carried chat template as Hugging Face runs it: (messages, tools) -> text."""
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    environment.filters["tojson"] = lambda value, **_: json.dumps(value, ensure_ascii=False)
    template = environment.from_string((folder / "templates" / "qwen3.jinja").read_text(encoding="utf8"))
    return lambda messages, tools: template.render(messages=messages, tools=tools)


def environment_sha256() -> str:
    """What the trainer runs on: Python, platform and every installed package with its version."""
    packages = {f"{distribution.name}=={distribution.version}" for distribution in importlib.metadata.distributions()}
    return hashlib.sha256("\n".join([platform.python_version(), platform.platform(), *sorted(packages)]).encode()).hexdigest()


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Proves that a handoff is what its manifest says.")
    parser.add_argument("folder", metavar="DIR")
    parser.add_argument("--trainer", help="write a receipt of this attempt for the trainer NAME", metavar="NAME")
    parser.add_argument("--version", default="unknown", help="the trainer's version", metavar="V")
    parser.add_argument("--receipts", help="where receipts go instead of DIR/receipts", metavar="DIR")
    parser.add_argument("--template", action="store_true", help="also render every sample with the carried template (needs jinja2)")
    given = parser.parse_args(arguments)
    try:
        handoff = Handoff(given.folder)
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(printable(f"{given.folder} is no readable handoff: {error}"), file=sys.stderr)
        return 2
    faults = handoff.verify(given.template)
    for fault in faults[:100]:
        print(fault)
    if len(faults) > 100:
        print(f"... and {len(faults) - 100} more")
    if given.trainer:
        handoff.write_receipt(given.trainer, given.version, faults, receipts=given.receipts)
    rows = sum(shard["rows"] for shard in handoff.shards("sft"))
    print(f"{len(faults)} faults" if faults else f"whole: {len(handoff.manifest['shards'])} data files, {rows} samples, {len(handoff.probes)} probes hold")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
