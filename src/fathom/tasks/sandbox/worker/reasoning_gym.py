"""Problems and scores of reasoning-gym. Runs in the helper process (`serve`)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import reasoning_gym
from reasoning_gym.factory import DATASETS

_CHUNK = 500
"""Problems of one data set object: some generate all of them at once. In all others problem ``n`` of seed ``s`` is
problem 0 of seed ``s + n``, so a chunk that starts at ``s + k * _CHUNK`` continues the one before it.
"""


def answer(request: Mapping[str, Any]) -> Any:
    """``names``: all data sets. ``item``: one problem. ``score``: that of an answer to one problem, 0..1."""
    if request["what"] == "names":
        return sorted(DATASETS)
    chunk, place = divmod(request["index"], _CHUNK)
    options = json.dumps(request["options"], sort_keys=True)
    dataset = _dataset(request["dataset"], options, request["seed"] + chunk * _CHUNK)
    entry = dataset[place]
    if request["what"] == "item":
        return {"question": entry["question"], "answer": entry["answer"]}
    return float(dataset.score_answer(answer=request["answer"], entry=entry))


@lru_cache(maxsize=8)
def _dataset(name: str, options: str, seed: int) -> Any:
    return reasoning_gym.create_dataset(name, seed=seed, size=_CHUNK, **json.loads(options))
