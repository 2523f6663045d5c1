"""Megatron's IndexedDataset and datatrove's reader over the handoff's token stream, held against what the other says and the samples."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any

from report import report, verifier

from datatrove.utils.dataset import DatatroveFileDataset
from megatron.core.datasets.indexed_dataset import IndexedDataset

END_OF_DOCUMENT = 151643


def megatron(folder: Path) -> dict[str, Any]:
    module = verifier(folder)
    handoff = module.Handoff(folder)
    [stream] = [shard for shard in handoff.manifest["shards"] if shard["path"].endswith(".bin")]
    dataset = IndexedDataset(stream["path"].removesuffix(".bin"))
    documents = [dataset[at].tolist() for at in range(len(dataset))]
    faults = []
    if len(documents) != stream["rows"] or len(dataset.document_indices) != stream["rows"] + 1:
        faults.append(f"{stream['path']}: Megatron reads {len(documents)} documents instead of {stream['rows']}")
    if sum(map(len, documents)) != stream["tokens"]:
        faults.append(f"{stream['path']}: Megatron reads {sum(map(len, documents))} tokens instead of {stream['tokens']}")
    faults += compare_documents(handoff, module, documents, stream["path"])
    return {
        "trainer": "megatron",
        "version": version("megatron-core"),
        "dtype": str(dataset.index.dtype.__name__),
        "rows": len(documents),
        "tokens": sum(map(len, documents)),
        "faults": faults,
    }


def compare_documents(handoff: Any, module: Any, documents: list[list[int]], path: str) -> list[str]:
    """Each document is a sample and the end of a document."""
    meant = {module.ids_sha256([*handoff.encode(row).input_ids, END_OF_DOCUMENT]) for _, row in handoff.rows("sft", [])}
    return [f"{path}: document {at} is no sample" for at, ids in enumerate(documents) if module.ids_sha256(ids) not in meant][:20]


def datatrove(folder: Path) -> dict[str, Any]:
    module = verifier(folder)
    handoff = module.Handoff(folder)
    [stream] = [shard for shard in handoff.manifest["shards"] if shard["path"].endswith(".ds")]
    length = 64
    dataset = DatatroveFileDataset(stream["path"], seq_len=length - 1, token_size=4, return_positions=True)
    windows = [dataset[at] for at in range(len(dataset))]
    ids: list[int] = []
    documents: list[list[int]] = [[]]
    for window in windows:
        # Positions start anew in each window: only there the token before says whether a document begins.
        begins = [position == 0 for position in window["positions"].tolist()]
        begins[0] = bool(ids) and ids[-1] == END_OF_DOCUMENT
        for token, begin in zip(window["input_ids"].tolist(), begins):
            if begin:
                documents.append([])
            documents[-1].append(token)
            ids.append(token)
    faults = []
    if len(ids) != stream["tokens"] // length * length:
        faults.append(f"{stream['path']}: datatrove reads {len(ids)} tokens instead of {stream['tokens'] // length * length}")
    faults += compare_documents(handoff, module, documents[:-1], stream["path"])
    return {"trainer": "datatrove", "version": version("datatrove"), "rows": len(windows), "tokens": len(ids), "faults": faults}


def look(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, part in {"megatron": megatron, "datatrove": datatrove}.items():
        try:
            found[name] = part(folder)
        except Exception as error:
            found[name] = {"raised": f"{type(error).__name__}: {error}"[:2000]}
    return found


report(look)
