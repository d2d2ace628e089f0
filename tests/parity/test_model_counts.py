"""Parameters of the official configurations equal those of transformers, one by one, on the meta device."""

from __future__ import annotations

import pytest
import torch
from transformers_bridge import CLASSES, our_name, their_keys

from fathom.model.presets import PRESETS
from fathom.model.transformer import Transformer


@pytest.mark.parametrize("name", [name for name in PRESETS if not name.startswith("tiny-") and name != "deepseek-r1"])
def test_every_parameter_has_its_shape(name: str) -> None:
    config = PRESETS[name]
    config_class, model_class = CLASSES[config.family]
    with torch.device("meta"):
        ours = Transformer(config)
        theirs = model_class(config_class(**their_keys(config)))
    found = {key: tuple(tensor.shape) for key, tensor in ours.state_dict().items() if not key.startswith("mtp.")}
    expected = {}
    for key, tensor in theirs.state_dict().items():
        shape, target = tuple(tensor.shape), our_name(key)
        if key.endswith("gate_up_proj"):
            half = (shape[0], shape[1] // 2, shape[2])
            prefix = our_name(key.removesuffix("gate_up_proj"))
            expected |= {prefix + "gate": half, prefix + "up": half}
        elif not (config.tie_embeddings and target == "head.weight"):
            expected[target] = shape
    assert found == expected
