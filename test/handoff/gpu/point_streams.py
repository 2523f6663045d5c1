"""Token streams by readers of our own: Megatron's index and datatrove's give the same documents, and each is a sample with its end."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
from scene import Scene, parquet_rows

END_OF_DOCUMENT = 151643


def streams(scene: Scene) -> dict[str, Any]:
    folder = scene.fusion / "tokens"
    megatron, datatrove, dolma = read_megatron(folder / "train"), read_datatrove(folder / "train.ds"), read_dolma(folder)
    faults = [name for name, documents in {"datatrove": datatrove, "dolma": dolma}.items() if not same(megatron, documents)]
    packed: set[bytes] = set()
    for row in parquet_rows(scene.fusion, "packed"):
        start = 0
        for length in row["seq_lengths"]:
            packed.add(np.array(row["input_ids"][start : start + length], "<i4").tobytes())
            start += length
    strays = sum(document[-1] != END_OF_DOCUMENT or document[:-1].tobytes() not in packed for document in megatron)
    return {"holds": not faults and strays == 0, "documents": len(megatron), "tokens": int(sum(map(len, megatron))), "differ": faults, "strays": strays}


def same(some: list[np.ndarray], others: list[np.ndarray]) -> bool:
    return len(some) == len(others) and all(np.array_equal(one, other) for one, other in zip(some, others))


def read_megatron(prefix: Path) -> list[np.ndarray]:
    index = prefix.with_suffix(".idx").read_bytes()
    magic, version, kind, sequences, documents = struct.unpack_from("<9sQBQQ", index)
    if (magic, version, kind) != (b"MMIDIDX\0\0", 1, 4):
        raise ValueError(f"no index of int32: {magic!r}, version {version}, type {kind}")
    at = struct.calcsize("<9sQBQQ")
    lengths = np.frombuffer(index, "<i4", sequences, at)
    pointers = np.frombuffer(index, "<i8", sequences, at + 4 * sequences)
    bounds = np.frombuffer(index, "<i8", documents, at + 12 * sequences)
    tokens = np.memmap(prefix.with_suffix(".bin"), "<i4", "r")
    read = [tokens[pointer // 4 : pointer // 4 + length] for pointer, length in zip(pointers, lengths)]
    return [np.concatenate(read[first:last]) for first, last in zip(bounds, bounds[1:])]


def read_datatrove(path: Path) -> list[np.ndarray]:
    ends = np.fromfile(f"{path}.index", "<u8").astype(int)
    return np.split(np.memmap(path, "<u4", "r").astype("<i4"), ends[:-1])


def read_dolma(folder: Path) -> list[np.ndarray]:
    """OLMo's reader splits at the end of a document."""
    tokens = np.memmap(folder / "token_ids_part_0000.npy", "<u4", "r").astype("<i4")
    return np.split(tokens, np.flatnonzero(tokens == END_OF_DOCUMENT)[:-1] + 1)
