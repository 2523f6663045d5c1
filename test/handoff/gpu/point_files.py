"""Hashes, schema and counts: the verification that the handoff carries accepts it here, and finds one flipped bit."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from scene import Scene


def files(scene: Scene) -> dict[str, Any]:
    said = {name: verify(folder, scene.out / "receipts" / name) for name, folder in {"fusion": scene.fusion, "switch": scene.switch, "rl": scene.rl}.items()}
    copy = scene.out / "flipped" / scene.fusion.name
    shutil.copytree(scene.fusion, copy, dirs_exist_ok=True)
    [packed] = (copy / "packed").glob("*.parquet")
    content = bytearray(packed.read_bytes())
    content[len(content) // 2] ^= 1
    packed.write_bytes(content)
    flipped = verify(copy, scene.out / "flipped" / "receipts")
    shutil.rmtree(scene.out / "flipped")
    found = flipped[0] == 1 and packed.name in flipped[1]
    return {"holds": found and all(code == 0 for code, _ in said.values()), "said": said, "flipped_bit": flipped[1].splitlines()[:2]}


def verify(folder: Path, receipts: Path) -> tuple[int, str]:
    command = [sys.executable, "-B", folder / "verify_handoff.py", folder, "--receipts", receipts]
    ended = subprocess.run(command, capture_output=True, text=True)
    return ended.returncode, (ended.stdout + ended.stderr).strip()[-600:]
