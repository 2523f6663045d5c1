"""What every script of this folder does round its loader: argv are handoff folders; for each one JSON line of findings goes to stdout."""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any, Callable

warnings.filterwarnings("ignore")
os.environ.update(HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false", CUDA_VISIBLE_DEVICES="", HF_HUB_DISABLE_PROGRESS_BARS="1")


def verifier(folder: Path) -> ModuleType:
    """The module that the handoff carries."""
    sys.path.insert(0, str(folder))
    sys.dont_write_bytecode = True
    try:
        return importlib.reload(importlib.import_module("verify_handoff"))
    finally:
        sys.path.remove(str(folder))


def report(look: Callable[[Path], dict[str, Any]]) -> None:
    """Calls `look` for each folder, with that folder as the current one; what it raises is a finding too. What libraries print goes to
    stderr."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for argument in sys.argv[1:]:
        folder = Path(argument).resolve()
        os.chdir(folder)
        try:
            found = look(folder)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            traceback.print_exc()
            found = {"raised": f"{type(error).__name__}: {error}"[:2000]}
        print(json.dumps({"folder": argument, **found}), file=out, flush=True)


def comparison(handoff: Any, prepared: Any, trainer: str, version: str, faults: list[Any] | None = None) -> dict[str, Any]:
    """What a trainer prepared, as a finding, and the receipt of it."""
    receipt = handoff.write_receipt(trainer, version, [*(faults or []), *prepared.faults], prepared, cursor={"global_step": 0})
    return {
        "trainer": trainer,
        "version": version,
        "rows": prepared.rows,
        "tokens": prepared.tokens,
        "trained_tokens": prepared.trained_tokens,
        "faults": [str(fault) for fault in prepared.faults[:20]],
        "probes": sum(prepared.probes.values()),
        "status": receipt["status"],
    }
