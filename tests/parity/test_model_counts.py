"""Parameters of the official configurations equal those of transformers, one by one, on the meta device."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
import torch
from torch import Tensor
from transformers_bridge import CLASSES, as_theirs, their_keys

from fathom.model.presets import PRESETS
from fathom.model.transformer import Transformer


@pytest.mark.parametrize("name", [name for name in PRESETS if not name.startswith("tiny-") and name != "deepseek-r1"])
def test_every_parameter_has_its_shape(name: str) -> None:
    config = PRESETS[name]
    config_class, model_class = CLASSES[config.family]
    with torch.device("meta"):
        ours = Transformer(config)
        theirs = model_class(config_class(**their_keys(config)))
    state = Recorded((key, tensor) for key, tensor in ours.state_dict().items() if not key.startswith("mtp."))
    for key, tensor in theirs.state_dict().items():
        assert as_theirs(state, key, config.family).shape == tensor.shape, key
    assert state.read == state.keys()


class Recorded(dict[str, Tensor]):
    """Remembers which tensors were read."""

    def __init__(self, items: Iterable[tuple[str, Tensor]]) -> None:
        super().__init__(items)
        self.read: set[str] = set()

    def __getitem__(self, name: str) -> Tensor:
        self.read.add(name)
        return super().__getitem__(name)
