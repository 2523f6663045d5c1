"""The carried verification over many handoffs in one process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from report import report, verifier


def look(folder: Path) -> dict[str, Any]:
    return {"faults": [str(fault) for fault in verifier(folder).Handoff(folder).verify()]}


report(look)
