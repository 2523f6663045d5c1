"""Proves on a GPU that what cotyledon hands off is what a trainer trains on: the points of test/handoff/gpu, each a line of JSON.

    python3 check.py FOLDER [POINT ...] [--cpu] [--out DIR]

FOLDER is what make.ts made. Needs torch, transformers, pyarrow and tokenizers; `train` and `grpo` also trl and datasets. --cpu: the same on
a CPU with tiny models and few steps, which shows that the script works. --out: where receipts and findings go. Exit code 1 where a point does
not hold or raised.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
import time
import traceback
import warnings
from pathlib import Path

warnings.filterwarnings("ignore")
os.environ.update(HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false", HF_HUB_DISABLE_PROGRESS_BARS="1", CUBLAS_WORKSPACE_CONFIG=":4096:8")
POINTS = ("files", "probes", "streams", "packed", "distill", "resume", "train", "grpo")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("points", nargs="*", default=POINTS)
    parser.add_argument("--cpu", action="store_true")
    parser.add_argument("--out", type=Path, default=Path("gpu-check"))
    given = parser.parse_args()
    if given.cpu:
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    out = given.out.resolve()
    out.mkdir(parents=True, exist_ok=True)

    import torch
    import transformers
    from scene import Scene

    # What libraries print goes to stderr.
    lines = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    scene = Scene(given.folder.resolve(), out, "cpu" if given.cpu else "cuda")
    name = "the CPU" if given.cpu else torch.cuda.get_device_name()
    all_hold = True
    with (out / "findings.jsonl").open("a") as file:

        def tell(finding: dict[str, object]) -> None:
            print(json.dumps(finding), file=lines, flush=True)
            print(json.dumps(finding), file=file, flush=True)

        tell({"device": name, "torch": torch.__version__, "transformers": transformers.__version__, "python": sys.version.split()[0]})
        for point in given.points:
            start = time.monotonic()
            os.chdir(given.folder.resolve() if not Path.cwd().exists() else Path.cwd())
            try:
                found = getattr(importlib.import_module(f"point_{point}"), point)(scene)
            except Exception as error:
                traceback.print_exc()
                found = {"holds": False, "raised": f"{type(error).__name__}: {error}"[:2000]}
            all_hold = all_hold and bool(found["holds"])
            tell({"point": point, **found, "seconds": round(time.monotonic() - start, 1)})
    return 0 if all_hold else 1


if __name__ == "__main__":
    sys.exit(main())
