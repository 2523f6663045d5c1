"""What a tiny student says to a handoff's prompts for RL, and what a tiny teacher gives it, on the CPU in float32: the rows of F5 as JSON Lines,
behind a line of the two models. argv: the handoff."""

from __future__ import annotations

import hashlib
import json
import sys
from itertools import islice
from pathlib import Path

import pyarrow.parquet as pq
import torch
from models import distilled_pair, weights_sha256
from transformers import AutoTokenizer

K, ROWS, LENGTH, END = 8, 24, 40, 151645

handoff = Path(sys.argv[1])
tokenizer = AutoTokenizer.from_pretrained(handoff / "tokenizer")
tokenizer.chat_template = (handoff / "templates" / "qwen3.jinja").read_text(encoding="utf8")
student, teacher = distilled_pair()
tokens = hashlib.sha256((handoff / "tokenizer" / "tokenizer.json").read_bytes()).hexdigest()
described = {name: {"digest": weights_sha256(model), "tokenizerDigest": tokens} for name, model in {"student": student, "teacher": teacher}.items()}
print(json.dumps({**described, "k": K}))

torch.manual_seed(3)
prompts = (row for batch in pq.ParquetFile(handoff / "rl" / "train-00000.parquet").iter_batches(batch_size=ROWS) for row in batch.to_pylist())
with torch.no_grad():
    for row in islice(prompts, ROWS):
        prompt = tokenizer.apply_chat_template(row["prompt"], add_generation_prompt=True, return_dict=True)["input_ids"]
        ids = torch.tensor([prompt])
        for _ in range(LENGTH - 1):
            chosen = torch.multinomial(student(ids).logits[0, -1].softmax(-1), 1)
            ids = torch.cat([ids, chosen[None]], 1)
        ids = torch.cat([ids, torch.tensor([[END]])], 1)
        completion = ids[0, len(prompt) :]
        # The row before a token gives its probability.
        of_student, of_teacher = (model(ids).logits[0, len(prompt) - 1 : -1].log_softmax(-1) for model in (student, teacher))
        top = of_teacher.topk(K)
        print(
            json.dumps(
                {
                    "id": row["id"],
                    "prompt_ids": prompt,
                    "completion_ids": completion.tolist(),
                    "student_logprobs": of_student.gather(1, completion[:, None])[:, 0].tolist(),
                    "teacher_logprobs": of_teacher.gather(1, completion[:, None])[:, 0].tolist(),
                    "topk_ids": top.indices.tolist(),
                    "topk_logprobs": top.values.tolist(),
                }
            )
        )
