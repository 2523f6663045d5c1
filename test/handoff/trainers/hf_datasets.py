"""datasets and pandas over every Parquet view of the handoff: one file at a time, all of a view at once, and concatenated."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from report import report, verifier

import datasets
import pandas


def look(folder: Path) -> dict[str, Any]:
    module = verifier(folder)
    handoff = module.Handoff(folder)
    cache = mkdtemp(prefix="cotyledon-datasets-")
    found: dict[str, Any] = {"trainer": "datasets", "version": datasets.__version__, "views": {}, "faults": []}
    try:
        for view in sorted({shard["path"].split("/")[0] for shard in handoff.manifest["shards"] if shard["path"].endswith(".parquet")}):
            try:
                found["views"][view] = look_at_view(module, handoff, view, cache)
                found["faults"] += found["views"][view].pop("faults")
            except Exception as error:
                found["faults"].append(f"{view}: raised {type(error).__name__}: {error}"[:500])
    finally:
        shutil.rmtree(cache)
    return found


def look_at_view(module: Any, handoff: Any, view: str, cache: str) -> dict[str, Any]:
    shards = handoff.shards(view)
    paths = [shard["path"] for shard in shards]
    whole = datasets.load_dataset("parquet", data_files=f"{view}/*.parquet", split="train", cache_dir=cache)
    parts = [datasets.load_dataset("parquet", data_files=path, split="train", cache_dir=cache) for path in paths]
    joined = datasets.concatenate_datasets(parts)
    frames = pandas.concat([pandas.read_parquet(path, dtype_backend="pyarrow") for path in paths])
    faults = []
    rows = sum(shard["rows"] for shard in shards)
    if not len(whole) == len(joined) == len(frames) == rows:
        faults.append(f"{view}: datasets reads {len(whole)} rows, {len(joined)} when concatenated, pandas {len(frames)}, the manifest says {rows}")
    for shard, part in zip(shards, parts):
        text = "".join(module.canonical(row) + "\n" for row in part)
        if module.hashlib.sha256(text.encode()).hexdigest() != shard["logical_sha256"]:
            faults.append(f"{shard['path']}: datasets reads other rows than the manifest says")
    if whole.features != joined.features or list(frames.columns) != whole.column_names:
        faults.append(f"{view}: the files have different columns")
    return {"rows": len(whole), "columns": whole.column_names, "faults": faults}


report(look)
