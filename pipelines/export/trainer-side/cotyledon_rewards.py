"""Rewards of this handoff's prompts, for trainers written in Python.

Scores are those of cotyledon's own verifiers: each call hands its completions to `cotyledon verify VERIFIER - -` (JSON Lines through a
pipe) and reads the verdicts. Nothing is scored here. Needs the `cotyledon` command (npm install cotyledon, Node 24); set COTYLEDON
to another way to start it, such as "npx cotyledon" or "node /path/to/dist/ui/bin.js".

    TRL            reward_funcs: [rewards.cotyledon_rewards.reward]        (in the handoff's folder)
    verl           custom_reward_function.path=rewards/cotyledon_rewards.py custom_reward_function.name=compute_score
    ms-swift       --external_plugins rewards/cotyledon_rewards.py --reward_funcs cotyledon
    open-instruct  import cotyledon_rewards; score(rows) is the whole interface

What a completion is worth: 1 where its answer is right, 0 where it is wrong, where no answer can be read, or where the thinking never
ended. Where the verifier could not run (no sandbox, a reference that it cannot read) there is no reward: None for TRL, which leaves such a
completion out. verl has no such thing: there the call raises, unless COTYLEDON_UNVERIFIABLE names a number to take instead.
Only what follows the last </think> is scored.
"""

import json
import os
import shlex
import subprocess

THINK_END = "</think>"


def answer_of(completion):
    """What a completion says after its thinking; None where the thinking has no end."""
    if isinstance(completion, list):
        completion = completion[-1]["content"] if completion else ""
    if THINK_END in completion:
        return completion.rsplit(THINK_END, 1)[1].lstrip("\n")
    return None if completion.lstrip().startswith("<think>") else completion


def _reference(verifier, ground_truth):
    if not verifier.startswith("code-"):
        return ground_truth
    try:
        return json.loads(ground_truth)
    except ValueError:
        return ground_truth


def _verify(verifier, rows):
    """Verdicts of one verifier, in the order of the rows."""
    command = shlex.split(os.environ.get("COTYLEDON", "cotyledon")) + ["verify", verifier, "-", "-", "--quiet"]
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    ended = subprocess.run(command, input=lines.encode("utf-8"), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if ended.returncode != 0:
        raise RuntimeError(f"cotyledon verify {verifier} failed: {ended.stderr.decode('utf-8', 'replace').strip()}")
    verdicts = {}
    for line in ended.stdout.decode("utf-8").splitlines():
        verdict = json.loads(line)
        verdicts[verdict["id"]] = verdict
    return [verdicts.get(row["id"], {"verdict": "unverifiable", "reward": None}) for row in rows]


def score(rows):
    """Rewards of rows {completion, ground_truth, verifiers}: a number, or None where nothing could be verified.

    `verifiers` is the JSON of a list of {name, weight, options}; the reward is the weighted mean.
    """
    jobs = {}
    rewards = [0.0] * len(rows)
    for index, row in enumerate(rows):
        answer = answer_of(row["completion"])
        if answer is None:
            continue
        for part in json.loads(row["verifiers"]):
            job = {
                "id": str(index),
                "completion": answer,
                "reference": _reference(part["name"], row["ground_truth"]),
                "options": part.get("options") or {},
            }
            jobs.setdefault(part["name"], []).append((index, part.get("weight", 1), job))
    weights = [0.0] * len(rows)
    for verifier, parts in jobs.items():
        for (index, weight, _), verdict in zip(parts, _verify(verifier, [job for _, _, job in parts])):
            if verdict["verdict"] == "unverifiable" or rewards[index] is None:
                rewards[index] = None
                continue
            rewards[index] += weight * (verdict["reward"] or 0.0)
            weights[index] += weight
    return [reward if reward is None or weight == 0 else reward / weight for reward, weight in zip(rewards, weights)]


def reward(completions, extra_info, reward_model, **columns):
    """TRL: one reward for each completion, None where there is none. `extra_info` and `reward_model` are columns of the prompts."""
    return score(
        [
            {"completion": completion, "ground_truth": model["ground_truth"], "verifiers": info["verifiers"]}
            for completion, model, info in zip(completions, reward_model, extra_info)
        ]
    )


def compute_score(data_source, solution_str, ground_truth, extra_info=None, **_):
    """verl: the reward of one completion."""
    name = data_source.split("/", 1)[-1]
    verifiers = (extra_info or {}).get("verifiers") or json.dumps([{"name": name, "weight": 1}])
    [found] = score([{"completion": solution_str, "ground_truth": ground_truth, "verifiers": verifiers}])
    if found is not None:
        return found
    instead = os.environ.get("COTYLEDON_UNVERIFIABLE")
    if instead is None:
        raise RuntimeError(
            f"{data_source}: the completion could not be verified, which is not a reward of 0. "
            "Make the verifier run here, or set COTYLEDON_UNVERIFIABLE to the reward to take instead."
        )
    return float(instead)


try:
    from swift.rewards import ORM, orms
except ImportError:
    pass
else:

    class CotyledonReward(ORM):
        """ms-swift: the columns of the prompts come as keyword arguments."""

        def __call__(self, completions, extra_info, reward_model, **columns):
            return reward(completions, extra_info, reward_model)

    orms["cotyledon"] = CotyledonReward
