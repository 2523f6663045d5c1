"""A training that is killed and goes on from its last receipt meets the same batches, and ends with the same weights, as one that was not."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from scene import Scene


def resume(scene: Scene) -> dict[str, Any]:
    calm = train(scene, "calm").communicate() and last_line(scene, "calm")
    killed = train(scene, "killed")
    # Behind a checkpoint, and not on one.
    while len(batches(scene, "killed")) < 11 and killed.poll() is None:
        time.sleep(0.02)
    killed.send_signal(signal.SIGKILL)
    code = killed.wait()
    before = batches(scene, "killed")
    train(scene, "killed").communicate()
    after = batches(scene, "killed")[len(before) :]
    meant = {entry["step"]: entry["sha256"] for entry in batches(scene, "calm") if "sha256" in entry}
    replayed = [entry for entry in after if "sha256" in entry]
    end = last_line(scene, "killed")
    return {
        "holds": code == -signal.SIGKILL
        and 0 < replayed[0]["step"] <= before[-1]["step"] + 1
        and all(meant[entry["step"]] == entry["sha256"] for entry in before + replayed)
        and calm.get("weights") is not None
        and calm["weights"] == end.get("weights"),
        "killed_behind_step": before[-1]["step"],
        "went_on_at_step": replayed[0]["step"],
        "steps": calm.get("step"),
        "weights": [calm.get("weights", "")[:16], end.get("weights", "")[:16]],
    }


def train(scene: Scene, name: str) -> subprocess.Popen[bytes]:
    script = Path(__file__).with_name("resumable.py")
    return subprocess.Popen([sys.executable, script, scene.fusion, scene.out / name, scene.device], stdout=sys.stderr)


def batches(scene: Scene, name: str) -> list[dict[str, Any]]:
    path = scene.out / name / "batches.jsonl"
    return [json.loads(line) for line in path.read_text().split("\n")[:-1]] if path.exists() else []


def last_line(scene: Scene, name: str) -> dict[str, Any]:
    return batches(scene, name)[-1]
