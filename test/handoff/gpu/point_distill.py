"""F5: the stored log-probabilities are those that both models give here, and steps of forward and of reverse KL with a bucket for the tail
bring the student nearer to the teacher."""

from __future__ import annotations

from typing import Any

import pyarrow.parquet as pq
import torch
from models import distilled_pair, weights_sha256
from scene import Scene


def distill(scene: Scene) -> dict[str, Any]:
    torch.backends.cuda.matmul.allow_tf32 = False
    rows = pq.read_table(scene.folder / "distill" / "rows.parquet").to_pylist()
    student, teacher = distilled_pair()
    digests = {"student": weights_sha256(student), "teacher": weights_sha256(teacher)}
    known = all((row["student_digest"], row["teacher_digest"]) == (digests["student"], digests["teacher"]) for row in rows)
    student, teacher = student.to(scene.device), teacher.to(scene.device)
    with torch.no_grad():
        moved = [differences(row, completion_logprobs(student, row, scene.device), completion_logprobs(teacher, row, scene.device)) for row in rows]
    finding: dict[str, Any] = {"rows": len(rows), "tokens": sum(len(row["completion_ids"]) for row in rows), "weights_known": known}
    finding |= {name: max(row[name] for row in moved) for name in moved[0]}
    for name, divergence in {"forward_kl": forward_kl, "reverse_kl": reverse_kl}.items():
        finding[name] = descend(divergence, rows[:8], scene)
    finding["holds"] = (
        known
        and max(finding["student_differs_by"], finding["teacher_differs_by"], finding["places_differ_by"], finding["tails_differ_by"]) < 5e-3
        and all(last < 0.7 * first for first, last in (finding["forward_kl"], finding["reverse_kl"]))
    )
    return finding


def completion_logprobs(model: Any, row: dict[str, Any], device: str) -> torch.Tensor:
    """[T, vocabulary] in float32."""
    ids = torch.tensor([row["prompt_ids"] + row["completion_ids"]], device=device)
    return model(ids, use_cache=False).logits[0, len(row["prompt_ids"]) - 1 : -1].float().log_softmax(-1)


def stored(row: dict[str, Any], device: str) -> dict[str, torch.Tensor]:
    flat = {name: torch.tensor(row[name], device=device) for name in ("topk_ids", "topk_logprobs", "tail_logprobs", "completion_ids")}
    return {**flat, **{name: flat[name].view(-1, row["k"]) for name in ("topk_ids", "topk_logprobs")}}


def differences(row: dict[str, Any], student: torch.Tensor, teacher: torch.Tensor) -> dict[str, float]:
    of = stored(row, student.device)
    sampled = of["completion_ids"].long()[:, None]
    far = lambda one, other: float((one - other).abs().max())  # noqa: E731
    places = teacher.gather(1, of["topk_ids"].long())
    return {
        "student_differs_by": far(student.gather(1, sampled)[:, 0], torch.tensor(row["student_logprobs"], device=student.device)),
        "teacher_differs_by": far(teacher.gather(1, sampled)[:, 0], torch.tensor(row["teacher_logprobs"], device=student.device)),
        "places_differ_by": far(places, of["topk_logprobs"]),
        "tails_differ_by": far(tail_of(places).exp(), of["tail_logprobs"].exp()),
    }


def tail_of(places: torch.Tensor) -> torch.Tensor:
    return (1 - places.exp().sum(-1)).clamp_min(1e-8).log()


def buckets(logprobs: torch.Tensor, row: dict[str, Any]) -> tuple[torch.Tensor, torch.Tensor]:
    """[T, k + 1] of student and teacher: the teacher's places and all others together."""
    of = stored(row, logprobs.device)
    places = logprobs.gather(1, of["topk_ids"].long())
    return torch.cat([places, tail_of(places)[:, None]], 1), torch.cat([of["topk_logprobs"], of["tail_logprobs"][:, None]], 1)


def forward_kl(student: torch.Tensor, teacher: torch.Tensor) -> torch.Tensor:
    return (teacher.exp() * (teacher - student)).sum(-1).mean()


def reverse_kl(student: torch.Tensor, teacher: torch.Tensor) -> torch.Tensor:
    return (student.exp() * (student - teacher)).sum(-1).mean()


def descend(divergence: Any, rows: list[dict[str, Any]], scene: Scene) -> tuple[float, float]:
    """The divergence before and after steps in bf16; on a CPU, where bf16 takes minutes, in float32."""
    student = distilled_pair()[0].to(scene.device).train()
    optimizer = torch.optim.AdamW(student.parameters(), lr=1e-2)
    told = []
    for _ in range(60):
        with torch.autocast(scene.device, torch.bfloat16, enabled=not scene.small):
            loss = sum(divergence(*buckets(completion_logprobs(student, row, scene.device), row)) for row in rows) / len(rows)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        told.append(float(loss))
    return told[0], told[-1]
