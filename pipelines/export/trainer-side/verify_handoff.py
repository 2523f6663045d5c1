"""Proves on the trainer's side that this handoff is what its manifest says, and writes a receipt of each attempt.

    python verify_handoff.py DIR [--trainer NAME] [--version V] [--receipts DIR] [--template]

DIR holds manifest.json; its name is the SHA-256 of that file. Checked are every file's hash, missing and unexpected files, columns, row
counts, the hash of the rows, the form of every sample and prompt, tokens and trained tokens with the carried tokenizer, the probes, and that
the messages view, the packed rows and the token stream hold the same samples. Each fault is named with its file and row. A line of
receipts/NAME.jsonl says how it went. Exit code 0: all holds; 1: faults; 2: usage, or no receipt can be written; 3: no faults, but what needs
the chat template could not be checked, and the output says what that is. From a training script, with the token ids and labels that the
trainer really prepared:

    handoff = Handoff("DIR")
    prepared = handoff.compare((row["input_ids"], row["labels"]) for row in train_dataset)
    handoff.write_receipt("trl", "1.16.0", handoff.verify() + prepared.faults, prepared)

Needs pyarrow and tokenizers, and jinja2 for --template or a template that is not Qwen3's. Without jinja2 such a handoff's tokens are those that
its token stream holds: probes, labels, counts and packed rows are held against them, and questions and answers must stand in them.
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
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import Any, Callable, Iterable, Iterator, NamedTuple, Sequence
from unicodedata import normalize

import pyarrow as pa
import pyarrow.parquet as pq
from tokenizers import Tokenizer

UNTRAINED = -100
VERIFICATION = "verification"
EMPTY_BLOCK = "<think>\n\n</think>\n\n"
QWEN3_TEMPLATE = "87a2728cb8dc9fe424d624542f6060ec05a1d285ebbec578bb078900e33396b5"
BLOCK = re.compile(r"<think>\n(.*?)\n</think>\n\n(.*)", re.DOTALL)
ASSISTANT_TURN = re.compile(r"(?<=<\|im_start\|>assistant\n).*?<\|im_end\|>\n", re.DOTALL)
# White space as JavaScript has it: flags are found as they were when the handoff was written.
BLANKS = "\t\n\v\f\r \xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000\ufeff"
LINE_END = "[\n\r\u2028\u2029]"
FLAGS = re.compile(f"(?<![^{BLANKS}])/(?:no_)?think(?:[{BLANKS}]+/(?:no_)?think)*(?![^{BLANKS}])")
FENCE = re.compile(f"(?:^|(?<={LINE_END}))[ \t]*(?:```|~~~)")
NEXT_ROLES = {None: ("user",), "user": ("assistant",), "assistant": ("user", "tool"), "tool": ("tool", "assistant")}
TURNS, IDS, TEXT, TEXTS = "List<Struct<{role:Utf8, content:Utf8}>>", "List<Int32>", "Utf8", "List<Utf8>"
COLUMNS = {
    "sft": {"id": TEXT, "prompt": TURNS, "completion": TURNS, "chat_template_kwargs": "Struct<{enable_thinking:Bool}>", "enable_thinking": "Bool"},
    "messages": {"id": TEXT, "messages": TURNS, "enable_thinking": "Bool"},
    "packed": {"input_ids": IDS, "labels": IDS, "seq_lengths": IDS},
    "rl": {"id": TEXT, "prompt": TURNS, "data_source": TEXT, "ability": TEXT, "reward_model": "Struct<{style:Utf8, ground_truth:Utf8}>"}
    | {"extra_info": "Struct<{index:Int64, split:Utf8, verifiers:Utf8}>", "messages": TURNS, "ground_truth": TEXTS, "dataset": TEXTS}
    | {"solution": TEXT, "source": TEXT, "license": TEXT, "pass_rate": "Float64"},
    "rejected": {"id": TEXT, "reason": TEXT, "measured": "Float64", "threshold": "Float64", "detail": TEXT},
}
TRAINED = COLUMNS.keys() - {"rejected"}
LLAMA_FACTORY_TAGS = {f"{role}_tag": role for role in ("role", "content", "user", "assistant", "system")}


class Fault(NamedTuple):
    """What does not hold, and where: a path in the handoff, and the row's id or number where it is one row's."""

    file: str
    row: str | None
    what: str

    def __str__(self) -> str:
        text = f"{self.file}: {'' if self.row is None else f'row {self.row}: '}{self.what}"
        return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text[:600])


class Encoded(NamedTuple):
    """A sample in tokens. `labels`: the ids that bear loss, -100 elsewhere."""

    input_ids: list[int]
    labels: list[int]

    @property
    def trained(self) -> int:
        return sum(label != UNTRAINED for label in self.labels)


@dataclass
class Prepared:
    """What a trainer made of the samples, and where it departs from the handoff. `probes`: whether each held."""

    rows: int = 0
    tokens: int = 0
    trained_tokens: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    probes: dict[str, bool] = field(default_factory=dict)
    first_batch_sha256: str | None = None
    faults: list[Fault] = field(default_factory=list)


class Handoff:
    """A handoff's folder. Throws where manifest or tokenizer cannot be read; everything else that is wrong is a Fault."""

    def __init__(self, folder: str | os.PathLike[str], use_template: bool = False):
        self.folder = Path(folder).resolve()
        content = (self.folder / "manifest.json").read_bytes()
        self.manifest: dict[str, Any] = json.loads(content)
        self.sha256 = hashlib.sha256(content).hexdigest()
        self.probes = {probe["row_id"]: probe for probe in self.manifest["probes"]}
        self.tokenizer = Tokenizer.from_file(str(self.folder / "tokenizer" / "tokenizer.json"))
        self.size = self.tokenizer.get_vocab_size()
        self.special = [token.content for token in self.tokenizer.get_added_tokens_decoder().values() if token.special]
        self.unchecked: list[str] = []
        self.template_fault: Fault | None = None
        self.qwen3 = self.manifest["template"]["stock_sha256"] == QWEN3_TEMPLATE
        self.render = render if self.qwen3 and not use_template else self.carried_template()
        # Another template renders the messages view too: the training template is the same.
        self.render_view = render if self.qwen3 else self.render

    @property
    def trains_block(self) -> bool:
        """Whether the empty block of a non-thinking row bears loss: then the prompt of every row ends before its block."""
        return self.manifest["template"]["empty_think_loss"]

    @property
    def stock_path(self) -> str:
        stock = self.manifest["template"]["stock_sha256"]
        return next((f["path"] for f in self.manifest["files"] if f["sha256"] == stock and f["path"].endswith(".jinja")), "templates/qwen3.jinja")

    def carried_template(self) -> Any:
        """The handoff's chat template as transformers run it, called as `render`; None where it cannot be run."""
        try:
            return open_template(self.folder / self.stock_path, self.folder / "tokenizer" / "tokenizer_config.json")
        except ImportError:
            self.unchecked.append(f"{self.stock_path} cannot be run without jinja2 (pip install jinja2): what it writes round the texts")
        except (OSError, ValueError) as error:
            self.template_fault = Fault(self.stock_path, None, f"transformers cannot read this chat template: {error}")
        return None

    def shards(self, view: str) -> list[dict[str, Any]]:
        return [shard for shard in self.manifest["shards"] if shard["path"].startswith(view + "/")]

    def rows(self, view: str, faults: list[Fault]) -> Iterator[tuple[str, dict[str, Any]]]:
        """Rows of a view with their file, in order. What is wrong with a file as a whole is a fault; rows without their columns do not come."""
        for shard in self.shards(view):
            path, digest, count = shard["path"], hashlib.sha256(), 0
            try:
                with pq.ParquetFile(self.folder / path) as file:
                    found, types = schema_text(file.schema_arrow), {f.name: type_text(f.type) for f in file.schema_arrow}
                    expected = COLUMNS.get(view, types)
                    wrong = [f"{name}: {types.get(name)} instead of {kind}" for name, kind in expected.items() if types.get(name) != kind]
                    more = [f"{name}, expected only {', '.join(expected)}" for name in types if view != "sft" and name not in expected]
                    faults += (Fault(path, None, f"has the column {text}") for text in wrong + more)
                    faults += [Fault(path, None, "a handoff has no rows in this place")] * (view not in COLUMNS)
                    for batch in file.iter_batches(batch_size=256):
                        for row in batch.to_pylist():
                            count += 1
                            digest.update(canonical(row).encode() + b"\n")
                            if not wrong:
                                yield path, row
            except (OSError, pa.ArrowException) as error:
                faults.append(Fault(path, None, f"cannot be read: {error}"))
                continue
            if found != shard["schema"]:
                faults.append(Fault(path, None, f"has the schema {found} instead of {shard['schema']}"))
            if count != shard["rows"]:
                faults.append(Fault(path, None, f"has {count} rows instead of {shard['rows']}"))
            if digest.hexdigest() != shard["logical_sha256"]:
                faults.append(Fault(path, None, "its rows are not those of the manifest (logical_sha256)"))

    def stored(self) -> Iterator[Encoded]:
        """The samples in the order of sft/ as the token stream holds them: each document without its end."""
        path = self.folder / "tokens" / "train.ds"
        with suppress(OSError, struct.error, ValueError), path.open("rb") as stream, path.with_suffix(".ds.loss").open("rb") as losses:
            index = Path(f"{path}.index").read_bytes()
            ends = struct.unpack(f"<{len(index) // 8}Q", index)
            for length in (end - start for start, end in zip((0, *ends), ends)):
                ids, loss = struct.unpack(f"<{length}i", stream.read(4 * length)), losses.read(length)
                kept = length if loss[-1:] == b"\1" else length - 1
                yield Encoded([*ids[:kept]], [token if bears else UNTRAINED for token, bears in zip(ids[:kept], loss)])

    def encoded_rows(self, faults: list[Fault], loss: str = "completion") -> Iterator[tuple[str, dict[str, Any], Callable[[], Encoded]]]:
        """Samples with their file and what gives their tokens and labels: the chat template, or the token stream where it cannot be run."""
        documents = iter(()) if self.render else self.stored()
        for path, row in self.rows("sft", faults):
            document = next(documents, None)
            yield path, row, partial(self.encode, row, loss) if self.render else partial(self.held, row, document)

    def held(self, row: dict[str, Any], document: Encoded | None) -> Encoded:
        """A document of the token stream; raises ValueError where it is not there or cannot be this row's."""
        demand(document, "tokens/train.ds has no document for it")
        demand(all(0 <= token < self.size for token in document.input_ids), "its document in tokens/train.ds has ids that the tokenizer lacks")
        text = normalize("NFC", self.tokenizer.decode(document.input_ids, skip_special_tokens=False))
        questions = [message["content"] for message in row["prompt"] if message["role"] == "user"]
        thinking, answer = BLOCK.fullmatch(row["completion"][0]["content"]).groups()
        for part in (*questions, thinking, answer):
            demand(normalize("NFC", part.strip()) in text, "its tokens in tokens/train.ds do not hold its question, thinking and answer")
        return document

    def encode(self, row: dict[str, Any], loss: str = "completion") -> Encoded:
        """Token ids and labels of an SFT row. `loss`: `completion`, as in the manifest's probes; `block`: also of the empty block of a
        non-thinking row; `turns`: of every assistant turn. Raises ValueError where a boundary of the loss is inside of a token."""
        messages, tools = row["prompt"] + row["completion"], json.loads(row.get("tools") or "null")
        text = self.render(messages, tools)
        if loss == "turns":
            trained = [match.span() for match in ASSISTANT_TURN.finditer(text)]
        else:
            prompt = self.render(row["prompt"], tools, add_generation_prompt=True, enable_thinking=row["enable_thinking"] or self.trains_block or loss == "block")
            demand(text.startswith(prompt), "the prompt's text does not begin that of prompt and completion")
            trained = [(len(prompt), len(text))]
        edges = [0, *(edge for span in trained for edge in span)]
        pieces = self.tokenizer.encode_batch_fast([text[a:b] for a, b in zip(edges, edges[1:])] + [text], add_special_tokens=False)
        ids = pieces.pop().ids
        demand(ids == [token for piece in pieces for token in piece.ids], "its loss begins or ends inside of a token")
        return Encoded(ids, [token if at % 2 else UNTRAINED for at, piece in enumerate(pieces) for token in piece.ids])

    def verify(self) -> list[Fault]:
        """Everything that can be checked without a trainer; what could not be is said in `unchecked`."""
        faults = [*self.file_faults(), *([self.template_fault] if self.template_fault else [])]
        encoded = self.sample_faults(faults)
        self.packed_faults(faults, Counter(encoded))
        self.rl_faults(faults)
        self.stream_faults(faults, {ids for ids, _ in encoded})
        for view in sorted({shard["path"].split("/")[0] for shard in self.manifest["shards"] if shard["path"].endswith(".parquet")} - TRAINED):
            for _ in self.rows(view, faults):
                pass
        return faults

    def file_faults(self) -> Iterator[Fault]:
        """Names and hashes: the folder's, and those of every file in it and of those that the manifest names twice."""
        manifest = self.manifest
        if self.folder.name != self.sha256:
            yield Fault("manifest.json", None, f"its SHA-256 is {self.sha256}, the folder is named {self.folder.name}")
        listed = {entry["path"]: entry for entry in manifest["shards"] + manifest["files"]}
        for path, entry in listed.items():
            file = self.folder / path
            if ".." in Path(path).parts or self.folder not in file.parents or file.is_symlink():
                yield Fault(path, None, "is not a file of this folder")
            elif not file.is_file():
                yield Fault(path, None, "is missing")
            elif file.stat().st_size != entry["bytes"] or file_sha256(file) != entry["sha256"]:
                yield Fault(path, None, f"its {file.stat().st_size} bytes are not the manifest's {entry['bytes']} (SHA-256)")
        for file in sorted(self.folder.rglob("*")):
            path, is_folder = file.relative_to(self.folder).as_posix(), file.is_dir() and not file.is_symlink()
            if (is_folder and any(file.iterdir())) or path in listed or path == "manifest.json":
                continue
            if not re.match(r"receipts/|(.*/)?__pycache__/", path + "/" * is_folder):
                yield Fault(path, None, "is an empty folder that is not in the manifest" if is_folder else "is not in the manifest")
        template = manifest["template"]
        named = [("tokenizer/tokenizer.json", manifest["tokenizer"]["sha256"]), (self.stock_path, template["stock_sha256"])]
        named += [(template["training"], template["training_sha256"])]
        for path, digest in named + [(launch["config"], launch["config_sha256"]) for launch in manifest["launch"]]:
            if listed.get(path, {}).get("sha256") != digest:
                yield Fault(path, None, "the manifest gives it two hashes, or does not list it")
        views = [shard["path"] for shard in self.shards("messages")]
        described = {"file_name": views[0] if len(views) == 1 else "messages", "formatting": "sharegpt"}
        described |= {"columns": {"messages": "messages"}, "tags": LLAMA_FACTORY_TAGS}
        try:
            found = json.loads((self.folder / "dataset_info.json").read_bytes())
            for what in differences({"cotyledon_sft": described}, found, "it"):
                yield Fault("dataset_info.json", None, what)
        except (OSError, ValueError) as error:
            yield Fault("dataset_info.json", None, f"cannot be read: {error}")
        if self.size != manifest["tokenizer"]["vocab_size"]:
            yield Fault("tokenizer/tokenizer.json", None, f"has {self.size} entries instead of {manifest['tokenizer']['vocab_size']}")

    def check_sample(self, row: dict[str, Any]) -> None:
        """Raises ValueError for an SFT row that some loader would not train on as it is meant."""
        thinks, before = row["enable_thinking"], None
        demand(row["id"], "has no id")
        demand(thinks is not None, "enable_thinking is null")
        demand(row["chat_template_kwargs"] == {"enable_thinking": thinks or self.trains_block}, "chat_template_kwargs is null or contradicts enable_thinking")
        for message in row["prompt"][1:] if row["prompt"][0]["role"] == "system" else row["prompt"]:
            demand(message["role"] in NEXT_ROLES[before], f"{message['role']} follows {before or 'nothing'} in its prompt")
            before = message["role"]
        demand(before in ("user", "tool"), "its prompt does not end with a question")
        demand([message["role"] for message in row["completion"]] == ["assistant"], "its completion is not one assistant turn")
        for message in row["prompt"] + row["completion"]:
            demand(isinstance(message["content"], str), f"a {message['role']} turn has no content")
            for token in self.special:
                demand(token not in message["content"], f"has the special token {token} in its content")
        demand(not any(re.search("</?think>", message["content"]) for message in row["prompt"]), "has a think tag in its prompt")
        match = BLOCK.fullmatch(row["completion"][0]["content"])
        demand(match, "its completion is not a think block and an answer")
        thinking, answer = match.groups()
        demand(not re.search("</?think>", thinking + answer), "has a second think tag in its completion")
        demand(thinking == thinking.strip("\n") and answer == answer.lstrip("\n"), "has line breaks that the template takes away")
        demand(answer.strip(), "its answer is empty")
        demand(bool(thinking.strip()) == thinks, f"its thinking is {'empty' if thinks else 'not empty'}, enable_thinking is {thinks}")
        flags = [last_flag(message["content"]) for message in row["prompt"] if message["role"] in ("system", "user")]
        asked = next((flag for flag in reversed(flags) if flag is not None), thinks)
        demand(asked == thinks, f"the last flag in its prompt asks for {'' if asked else 'no '}thinking, enable_thinking is {thinks}")

    def sample_faults(self, faults: list[Fault]) -> list[tuple[str, str]]:
        """The samples one by one, with their tokens, probes and place in the messages view. Gives the hashes of ids and labels of each."""
        encoded: list[tuple[str, str]] = []
        counts: Counter[tuple[str, str]] = Counter()
        modes, ids = Counter(), set()
        for sample, view in zip_longest(self.encoded_rows(faults), self.rows("messages", faults)):
            path, row, *encode = sample or view
            if sample is None or view is None:
                faults.append(Fault(path, row["id"], "has no partner in the other view"))
                if sample is None:
                    continue
            with row_faults(faults, path, row["id"]):
                self.check_sample(row)
                demand(row["id"] not in ids, "its id stands twice")
                ids.add(row["id"])
                sound = encode[0]()
                encoded.append((ids_sha256(sound.input_ids), ids_sha256(sound.labels)))
                modes[row["enable_thinking"]] += 1
                for name in {path, view[0] if view else path}:
                    counts[name, "tokens"] += len(sound.input_ids)
                    counts[name, "trained_tokens"] += sound.trained
                faults += (Fault(path, row["id"], what) for what in self.probe_faults(row["id"], sound))
            if view:
                with row_faults(faults, view[0], view[1]["id"]):
                    same = (view[1]["id"], view[1]["enable_thinking"]) == (row["id"], row["enable_thinking"]) and self.same_turns(row, view[1]["messages"])
                    demand(same, f"is not the sample that stands at this place in sft/, row {row['id']}")
        faults += (Fault("manifest.json", probe, "has a probe and no sound SFT row") for probe in self.probes.keys() - ids)
        counted = self.manifest["template"]["mode_counts"]
        if (modes[True], modes[False]) != (counted["thinking"], counted["non_thinking"]):
            faults.append(Fault("manifest.json", None, f"counts {counted}, found {modes[True]} that think and {modes[False]} that do not"))
        self.count_faults(faults, self.shards("sft") + self.shards("messages"), counts)
        return encoded

    def same_turns(self, row: dict[str, Any], view: list[dict[str, Any]]) -> bool:
        """Whether a row of the messages view is rendered as the sample is. Without a template its turns must be the sample's; tools stand in
        the system message and their results in users' turns."""
        turns, tools = row["prompt"] + row["completion"], json.loads(row.get("tools") or "null")
        if self.render:
            return self.render_view(view) == self.render(turns, tools)
        if not tools and all(turn["role"] != "tool" for turn in turns):
            return view == turns
        spoken = [turn for turn in view if turn["role"] != "system" and not turn["content"].startswith("<tool_response>\n")]
        return spoken == [turn for turn in turns if turn["role"] not in ("system", "tool")]

    def probe_faults(self, row_id: str, found: Encoded, loss: str = "completion") -> Iterator[str]:
        probe = self.probes.get(row_id)
        if probe and ids_sha256(found.input_ids) != probe["input_ids_sha256"]:
            yield "its probe has other token ids"
        if probe and loss == "completion" and (ids_sha256(found.labels), found.trained) != (probe["labels_sha256"], probe["trained_tokens"]):
            yield f"its probe has other labels: {found.trained} tokens are trained instead of {probe['trained_tokens']}"

    def count_faults(self, faults: list[Fault], shards: list[dict[str, Any]], counts: Counter[tuple[str, str]]) -> None:
        for path, shard in ((shard["path"], shard) for shard in shards):
            for name in ("tokens", "trained_tokens"):
                if counts[path, name] != shard[name]:
                    faults.append(Fault(path, None, f"has {counts[path, name]} {name.replace('_', ' ')}, the manifest says {shard[name]}"))

    def packed_faults(self, faults: list[Fault], left: Counter[tuple[str, str]]) -> None:
        """Packed rows: each segment is a sample, each sample once."""
        counts: Counter[tuple[str, str]] = Counter()
        for path, row in self.rows("packed", faults):
            place = counts[path, "rows"]
            counts[path, "rows"] += 1
            with row_faults(faults, path, str(place)):
                ids, labels, start = row["input_ids"], row["labels"], 0
                counts[path, "tokens"] += len(ids)
                counts[path, "trained_tokens"] += sum(label != UNTRAINED for label in labels)
                demand(len(ids) == len(labels) == sum(row["seq_lengths"]), "ids, labels and seq_lengths have different lengths")
                demand(len(ids) <= self.manifest["packing"]["seq_len"], f"is longer than {self.manifest['packing']['seq_len']}")
                for length in row["seq_lengths"]:
                    segment = ids_sha256(ids[start : start + length]), ids_sha256(labels[start : start + length])
                    demand(left[segment] > 0, f"the ids or labels of its segment at {start} are no sample's, or it stands twice")
                    left[segment] -= 1
                    start += length
        if self.shards("packed") and left.total():
            faults.append(Fault("packed", None, f"lacks {left.total()} samples of sft/"))
        self.count_faults(faults, self.shards("packed"), counts)

    def rl_faults(self, faults: list[Fault]) -> None:
        """Prompts for RL: what trainers and rewards need is there, and no answer stands in the prompt."""
        counts: Counter[tuple[str, str]] = Counter()
        ids: set[str] = set()
        for path, row in self.rows("rl", faults):
            with row_faults(faults, path, row["id"]):
                demand(row["id"] and row["id"] not in ids, "its id is empty or stands twice")
                ids.add(row["id"])
                text, truth = "\n".join(turn["content"] for turn in row["prompt"]), row["reward_model"]["ground_truth"]
                prompt = self.render(row["prompt"], None, add_generation_prompt=True, enable_thinking=True) if self.render else ""
                counts[path, "tokens"] += len(self.tokenizer.encode(prompt, add_special_tokens=False).ids)
                demand(row["prompt"] == row["messages"], "prompt and messages differ")
                demand(row["prompt"][-1]["role"] == "user", "its prompt does not end with a question")
                demand(truth and row["data_source"], "has no ground truth or data source")
                demand(0 < len(row["ground_truth"]) == len(row["dataset"]), "has not one ground truth for each name in `dataset`")
                verifiers = json.loads(row["extra_info"]["verifiers"])
                demand(verifiers and all(verifier["name"] for verifier in verifiers), "extra_info names no verifier")
                for token in self.special:
                    demand(token not in text, f"has the special token {token} in its content")
                marks = r"\\boxed\{{\s*{0}\s*\}}|####\s*{0}\s*$|\banswer(?: is|:)\s*{0}[.\s]*$".format(re.escape(truth))
                demand(not re.search(marks, text, re.MULTILINE | re.IGNORECASE), "the answer stands in the prompt")
        self.count_faults(faults, self.shards("rl") if self.render else [], counts)

    def stream_faults(self, faults: list[Fault], samples: set[str]) -> None:
        """The token stream: every document is a sample and the end of a document; what Megatron, datatrove and dolma read agrees."""
        end = struct.pack("<i", self.manifest["tokenizer"]["pad_token_id"])
        shards = {shard["path"]: shard["sha256"] for shard in self.shards("tokens")}
        for path in (path for path in shards if path.endswith(".ds")):
            for other in (path.removesuffix("ds") + "bin", "tokens/token_ids_part_0000.npy"):
                if shards.get(other) != shards[path]:
                    faults.append(Fault(other, None, f"is not the same as {path}"))
            try:
                index = (self.folder / f"{path}.index").read_bytes()
                ends = [0, *struct.unpack(f"<{len(index) // 8}Q", index)]
                n, lengths, pointers = len(ends) - 1, [b - a for a, b in zip(ends, ends[1:])], (4 * start for start in ends[:-1])
                megatron = struct.pack(f"<9sQBQQ{n}i{n}q{n + 1}q", b"MMIDIDX\0\0", 1, 4, n, n + 1, *lengths, *pointers, *range(n + 1))
                if (self.folder / path).with_suffix(".idx").read_bytes() != megatron:
                    faults.append(Fault(path.removesuffix("ds") + "idx", None, f"does not belong to {path} and its index"))
                with (self.folder / path).open("rb") as stream:
                    for at, length in enumerate(lengths):
                        document = stream.read(4 * length)
                        digests = {hashlib.sha256(document).hexdigest(), hashlib.sha256(document[:-4]).hexdigest()}
                        if document[-4:] != end or not digests & samples:
                            faults.append(Fault(path, str(at), f"the document is no sample that {struct.unpack('<i', end)[0]} ends"))
                    if stream.read(1):
                        faults.append(Fault(path, None, f"has more than the {ends[-1]} tokens of its index"))
            except (OSError, struct.error, ValueError) as error:
                faults.append(Fault(path, None, f"cannot be read with its index: {error}"))

    def compare(
        self, rows: Iterable[tuple[Sequence[int], Sequence[int]]], loss: str = "completion", dropped: dict[str, int] | None = None, first_batch: int = 8
    ) -> Prepared:
        """Holds a trainer's own token ids and labels, in any order, against the samples. `loss`: as of `encode`. `dropped`: rows that it left
        out on purpose, by reason; each other missing row is a fault."""
        prepared, batch = Prepared(dropped=dict(dropped or {})), hashlib.sha256()
        knows_loss = loss == "completion" or (self.render and (self.qwen3 or loss == "block"))
        if not knows_loss:
            self.unchecked.append(f"which tokens a trainer with the loss of {loss} trains: that needs {'jinja2' if loss == 'block' else 'the turns of Qwen3'}")
        expected: dict[str, list[tuple[str, str, Encoded]]] = {}
        for path, row, encode in self.encoded_rows(prepared.faults, loss if knows_loss else "completion"):
            with row_faults(prepared.faults, path, row["id"]):
                encoded = encode()
                expected.setdefault(ids_sha256(encoded.input_ids), []).append((path, row["id"], encoded))
        for number, found in enumerate(Encoded([*map(int, ids)], [*map(int, labels)]) for ids, labels in rows):
            if number < first_batch:
                batch.update(bytes.fromhex(ids_sha256(found.input_ids)))
            prepared.rows += 1
            prepared.tokens += len(found.input_ids)
            prepared.trained_tokens += found.trained
            if not (meant := expected.get(ids_sha256(found.input_ids))):
                text = self.tokenizer.decode(found.input_ids[:40], skip_special_tokens=False)
                prepared.faults.append(Fault("sft", None, f"no row becomes the trainer's row {number}: {text}"))
                continue
            path, row_id, encoded = meant.pop()
            if wrong := [*self.probe_faults(row_id, found, loss)]:
                prepared.faults += (Fault(path, row_id, what) for what in wrong)
            elif found.labels != encoded.labels and knows_loss:
                prepared.faults.append(Fault(path, row_id, f"the trainer trains {found.trained} of its tokens, or others, instead of {encoded.trained}"))
            elif row_id in self.probes:
                prepared.probes[row_id] = True
        missing = [(path, row_id) for rows_left in expected.values() for path, row_id, _ in rows_left]
        if len(missing) != sum(prepared.dropped.values()):
            prepared.faults += (Fault(path, row_id, "is not among the rows that the trainer prepared") for path, row_id in missing)
        for name in () if prepared.dropped else ("tokens", "trained_tokens") if loss == "completion" else ("tokens",):
            if (meant_count := sum(shard[name] for shard in self.shards("sft"))) != getattr(prepared, name):
                prepared.faults.append(Fault("sft", None, f"the trainer has {getattr(prepared, name)} {name}, the manifest says {meant_count}"))
        prepared.probes = {row_id: prepared.probes.get(row_id, False) for row_id in self.probes}
        prepared.first_batch_sha256 = batch.hexdigest()
        return prepared

    def write_receipt(
        self, trainer: str, version: str, faults: Sequence[Fault], prepared: Prepared | None = None, cursor: dict[str, Any] | None = None, to: str | None = None
    ) -> dict[str, Any]:
        """Appends one line to `receipts/TRAINER.jsonl` (or in the folder `to`) and returns it. `cursor`: where training stands: epoch, shard,
        row, sampler_state, global_step. Status: `rejected` where there are faults, `partial` where rows were dropped on purpose."""
        prepared = prepared or Prepared()
        files = {shard["path"]: self.folder / shard["path"] for shard in self.manifest["shards"]}
        receipt = {
            "manifest_sha256": self.sha256,
            "trainer": trainer,
            "version": version,
            "environment_sha256": environment_sha256(),
            "shards": [{"path": path, "sha256": file_sha256(file) if file.is_file() else None} for path, file in files.items()],
            "rows": {"seen": prepared.rows, "dropped": prepared.dropped},
            "tokens": prepared.tokens,
            "trained_tokens": prepared.trained_tokens,
            "probes": [{"row_id": row_id, "held": held} for row_id, held in prepared.probes.items()],
            "first_batch_sha256": prepared.first_batch_sha256,
            "cursor": cursor,
            "status": "rejected" if faults else "partial" if prepared.dropped else "accepted",
            "faults": [str(fault) for fault in faults[:100]],
            "unchecked": self.unchecked,
        }
        folder = Path(to) if to else self.folder / "receipts"
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / f"{re.sub('[^A-Za-z0-9._-]', '_', trainer)}.jsonl").open("a", encoding="utf8") as file:
            file.write(json.dumps(receipt, ensure_ascii=False) + "\n")
        return receipt


def demand(holds: Any, otherwise: str) -> None:
    if not holds:
        raise ValueError(otherwise)


def last_flag(text: str) -> bool | None:
    """Whether the last flag of a text asks for thinking: `/think` or `/no_think` at its beginning or end, or on a line of its own outside of
    fenced code. None where it has none: all others are mentions."""
    fences = [fence.start() for fence in FENCE.finditer(text)]
    for flags in reversed([*FLAGS.finditer(text)]):
        before, after = text[: flags.start()], text[flags.end() :]
        gaps = before[len(before.rstrip(BLANKS)) :], after[: len(after) - len(after.lstrip(BLANKS))]
        fenced = sum(fence < flags.start() for fence in fences) % 2 == 1
        if gaps[0] == before or gaps[1] == after or (not fenced and all(re.search(LINE_END, gap) for gap in gaps)):
            return not flags[0].endswith("no_think")
    return None


def differences(expected: Any, found: Any, place: str) -> Iterator[str]:
    """Where two JSON values part."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for key in sorted(expected.keys() | found.keys()):
            yield from differences(expected.get(key, "nothing"), found.get(key, "nothing"), f"{place}.{key}")
    elif expected != found:
        yield f"{place} is {json.dumps(found)}, expected {json.dumps(expected)}"


@contextmanager
def row_faults(faults: list[Fault], path: str, row_id: str | None) -> Iterator[None]:
    """What is raised while a row is looked at is that row's fault."""
    try:
        yield
    except (ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
        what = str(error) if type(error) is ValueError else f"has a null or an unknown value where it must not ({type(error).__name__}: {error})"
        faults.append(Fault(path, row_id, what))


def render(messages: Sequence[dict[str, Any]], tools: list[Any] | None = None, add_generation_prompt: bool = False, enable_thinking: bool = True) -> str:
    """What Qwen3's template makes of sound rows, in which earlier turns hold no thinking and a completion holds its block."""
    text: list[str] = []
    rest = list(messages)
    if tools:
        system = rest.pop(0)["content"] + "\n\n" if rest[0]["role"] == "system" else ""
        listed = "".join("\n" + json.dumps(tool, ensure_ascii=False) for tool in tools)
        text.append(
            f"<|im_start|>system\n{system}# Tools\n\nYou may call one or more functions to assist with the user query.\n\n"
            f"You are provided with function signatures within <tools></tools> XML tags:\n<tools>{listed}\n</tools>\n\n"
            "For each function call, return a json object with function name and arguments within <tool_call></tool_call> XML tags:\n"
            '<tool_call>\n{"name": <function-name>, "arguments": <args-json-object>}\n</tool_call><|im_end|>\n'
        )
    roles = [message["role"] for message in rest]
    for at, message in enumerate(rest):
        if message["role"] != "tool":
            text.append(f"<|im_start|>{message['role']}\n{message['content']}<|im_end|>\n")
            continue
        text.append("<|im_start|>user" if roles[max(0, at - 1)] != "tool" else "")
        text.append(f"\n<tool_response>\n{message['content']}\n</tool_response>")
        text.append("<|im_end|>\n" if roles[at + 1 : at + 2] != ["tool"] else "")
    if add_generation_prompt:
        text.append("<|im_start|>assistant\n" + ("" if enable_thinking else EMPTY_BLOCK))
    return "".join(text)


def open_template(path: Path, config: Path) -> Any:
    """A chat template as transformers run it, called as `render`. Raises ValueError where it is none; what it raises for a row is one too."""
    from jinja2 import TemplateError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    def refuse(message: str) -> None:
        raise TemplateError(message)

    def tojson(value: Any, ensure_ascii: bool = False, **form: Any) -> str:
        return json.dumps(value, ensure_ascii=ensure_ascii, **form)

    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"])
    environment.filters["tojson"] = tojson
    environment.globals["raise_exception"] = refuse
    # `generation` only marks what the assistant wrote.
    source = re.sub(r"\{%(-?)\s*(end)?generation\s*(-?)%\}", lambda of: f"{{%{of[1]} {'endif' if of[2] else 'if true'} {of[3]}%}}", path.read_text(encoding="utf8"))
    named = {name: token.get("content") if isinstance(token, dict) else token for name, token in json.loads(config.read_bytes()).items()}
    special = {name: token for name, token in named.items() if name.endswith("_token") and isinstance(token, str)}
    try:
        template = environment.from_string(source)
    except TemplateError as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error

    def render_carried(messages: Sequence[dict[str, Any]], tools: list[Any] | None = None, **settings: Any) -> str:
        try:
            return template.render(messages=messages, tools=tools, **{"documents": None, "add_generation_prompt": False} | special | settings)
        except TemplateError as error:
            raise ValueError(f"the chat template cannot render it: {type(error).__name__}: {error}") from error

    return render_carried


def canonical(value: Any) -> str:
    """JSON with sorted keys, no white space and numbers as in JavaScript: what `logical_sha256` is taken over, a row a line."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(key)}:{canonical(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, list) and not all(type(element) is int for element in value):
        return "[" + ",".join(map(canonical, value)) + "]"
    if not isinstance(value, float):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if not math.isfinite(value):
        return '"NaN"' if value != value else f'"{"-" if value < 0 else ""}Infinity"'
    if value == 0 or 1e-6 <= abs(value) < 1e21:
        text = format(Decimal(repr(value)), "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    mantissa, exponent = repr(value).split("e")
    return f"{mantissa.removesuffix('.0')}e{int(exponent):+d}"


def schema_text(schema: pa.Schema) -> str:
    """An Arrow schema in the manifest's notation."""
    return "Schema<{ " + ", ".join(f"{at}: {f.name}: {type_text(f.type)}" for at, f in enumerate(schema)) + " }>"


def type_text(kind: pa.DataType) -> str:
    if pa.types.is_list(kind):
        return f"List<{type_text(kind.value_type)}>"
    if pa.types.is_struct(kind):
        return "Struct<{" + ", ".join(f"{f.name}:{type_text(f.type)}" for f in kind) + "}>"
    return {"string": "Utf8", "float": "Float32", "double": "Float64"}.get(str(kind), str(kind).capitalize())


def file_sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def ids_sha256(ids: Sequence[int]) -> str:
    """Hash over the int32 little-endian bytes, as in the manifest's probes."""
    try:
        numbers = array("i", ids)
    except OverflowError:  # no token id: any hash but that of one that is
        numbers = array("I", [token & 0xFFFFFFFF for token in ids])
    if sys.byteorder == "big":
        numbers.byteswap()
    return hashlib.sha256(numbers.tobytes()).hexdigest()


def environment_sha256() -> str:
    """What the trainer runs on: Python, platform and every installed package with its version."""
    packages = {f"{package.metadata['Name']}=={package.version}" for package in importlib.metadata.distributions()}
    return hashlib.sha256("\n".join([platform.python_version(), platform.platform(), *sorted(packages)]).encode()).hexdigest()


def changed_files(folder: Path) -> list[Fault]:
    """Files of a folder that cannot be read as a handoff, and that are not what they were: by the folder's name and the manifest's hashes."""
    try:
        content = (folder / "manifest.json").read_bytes()
        if (digest := hashlib.sha256(content).hexdigest()) != folder.name and re.fullmatch("[0-9a-f]{64}", folder.name):
            return [Fault("manifest.json", None, f"its SHA-256 is {digest}, the folder is named {folder.name}")]
        listed = {entry["path"]: entry["sha256"] for entry in json.loads(content)["files"]}
        found = {path: file_sha256(folder / path) if (folder / path).is_file() else None for path in listed}
    except (OSError, ValueError, TypeError, KeyError):
        return []
    return [Fault(path, None, "is not the manifest's (SHA-256)" if found[path] else "is missing") for path in listed if found[path] != listed[path]]


def main() -> int:
    parser = argparse.ArgumentParser(description="Proves that a handoff is what its manifest says.")
    parser.add_argument("folder", metavar="DIR")
    parser.add_argument("--trainer", help="the trainer that the receipt of this attempt is for; without one it is that of a mere verification", metavar="NAME")
    parser.add_argument("--version", default="unknown", help="the trainer's version", metavar="V")
    parser.add_argument("--receipts", help="where receipts go instead of DIR/receipts", metavar="DIR")
    parser.add_argument("--template", action="store_true", help="render with the carried template instead of our own renderer (needs jinja2)")
    given = parser.parse_args()
    try:
        handoff = Handoff(given.folder, given.template)
        faults = handoff.verify()
    except Exception as error:  # a manifest that lacks what it must say, a tokenizer that cannot be read, no jinja2
        changed = changed_files(Path(given.folder).resolve())
        print(*changed, *(["what follows from it could not be checked"] if changed else []), sep="\n", end="\n" if changed else "")
        print(Fault(given.folder, None, f"is no readable handoff: {type(error).__name__}: {error}"), file=sys.stderr)
        return 1 if changed else 2
    print(*faults[:100], *([f"... and {len(faults) - 100} more"] if len(faults) > 100 else []), sep="\n", end="\n" if faults else "")
    try:
        handoff.write_receipt(given.trainer or VERIFICATION, given.version, faults, to=given.receipts)
    except OSError as error:
        print(f"no receipt could be written: {error}", file=sys.stderr)
        if given.trainer or given.receipts:
            return 2
    print(*(f"not checked: {what}" for what in handoff.unchecked), sep="\n", end="\n" if handoff.unchecked else "")
    held = f"{len(handoff.manifest['shards'])} data files, {sum(shard['rows'] for shard in handoff.shards('sft'))} samples, {len(handoff.probes)} probes hold"
    print(f"{len(faults)} faults" if faults else f"{'no faults in what could be checked' if handoff.unchecked else 'whole'}: {held}")
    return 1 if faults else 3 if handoff.unchecked else 0


if __name__ == "__main__":
    sys.exit(main())
