from __future__ import annotations

import json
import random
from typing import Any

import pytest
import torch

from fathom.base.errors import CheckpointError
from fathom.checkpoint.store.tree import join, split


def test_tensors_are_named_by_their_path() -> None:
    tree = {"model": {"w": torch.ones(2)}, "list": [1, torch.zeros(1)], "none": None}
    skeleton, tensors = split(tree)
    assert skeleton == {
        "model": {"w": {"$tensor": "model/w"}},
        "list": [1, {"$tensor": "list/1"}],
        "none": None,
    }
    assert list(tensors) == ["model/w", "list/1"]


@pytest.mark.parametrize(
    "tree",
    [
        random.Random(3).getstate(),
        {0: {"step": 1.5}, 1: {"step": float("inf")}},
        {"$tensor": "a key that looks like a mark"},
        {"a": (1, (2, [3, "x"])), "b": {}},
        {(1, 2): True},
    ],
    ids=["generator", "numbered", "marked", "nested", "tuple-key"],
)
def test_plain_values_survive_json(tree: Any) -> None:
    skeleton, tensors = split({"tree": tree})
    assert join(json.loads(json.dumps(skeleton)), tensors) == {"tree": tree}


def test_an_optimizers_state_survives() -> None:
    weight = torch.nn.Parameter(torch.ones(3))
    optimizer = torch.optim.AdamW([weight], fused=True)
    weight.sum().backward()
    optimizer.step()
    skeleton, tensors = split(optimizer.state_dict())
    back = join(json.loads(json.dumps(skeleton)), tensors)
    assert back["param_groups"] == optimizer.state_dict()["param_groups"]
    assert torch.equal(back["state"][0]["exp_avg"], optimizer.state[weight]["exp_avg"])


def test_what_is_neither_is_refused() -> None:
    with pytest.raises(CheckpointError, match="a/b holds a object"):
        split({"a": {"b": object()}})
