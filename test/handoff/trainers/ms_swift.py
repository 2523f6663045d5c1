"""ms-swift's own template over the messages view, with the launch config's loss and with its default. Run by hand: the environments do not
hold ms-swift. In a Python environment over `verl` of environments.sh (a .pth file that names its packages and those of `trl`):

    pip install --no-deps ms-swift==4.6.0 modelscope modelscope-hub addict attrdict dacite json-repair einops oss2 simplejson \
        sortedcontainers binpacking cryptography cffi pycparser
    python ms_swift.py HANDOFF
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from report import report, verifier

import pyarrow.parquet as pq
import swift
from swift.model import get_processor
from swift.template import get_template
from tiny_qwen3 import tiny_qwen3


def look(folder: Path) -> dict[str, Any]:
    handoff = verifier(folder).Handoff(folder)
    model = tiny_qwen3(folder)
    try:
        processor = get_processor(str(model), model_type="qwen3", download_model=False)
    finally:
        shutil.rmtree(model)
    rows = [row for shard in handoff.shards("messages") for row in pq.read_table(shard["path"]).to_pylist()]
    found: dict[str, Any] = {"trainer": "ms-swift", "version": swift.__version__}
    for loss_scale in ("last_round", "default"):
        template = get_template(processor, template_type="qwen3", loss_scale=loss_scale, max_length=32768)
        template.set_mode("train")
        encoded = [template.encode({"messages": row["messages"]}) for row in rows]
        for loss in ("completion", "block"):
            prepared = handoff.compare(((row["input_ids"], row["labels"]) for row in encoded), loss)
            found[f"{loss_scale}, held against {loss}"] = {
                "rows": prepared.rows,
                "tokens": prepared.tokens,
                "trained_tokens": prepared.trained_tokens,
                "faults": [str(fault) for fault in prepared.faults[:20]],
            }
    return found


report(look)
