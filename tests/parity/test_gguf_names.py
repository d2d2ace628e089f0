"""Our names of tensors in GGUF files, and their architectures, are those of the ``gguf`` package."""

from __future__ import annotations

import gguf
import pytest

from fathom.checkpoint.names import gguf_table, hf_table
from fathom.model.families.registry import FAMILIES
from fathom.model.presets import PRESETS
from fathom.model.transformer import Transformer

NAMES = ("tiny-gemma2", "tiny-gemma3", "tiny-glm4", "tiny-llama", "tiny-olmo2", "tiny-phi3", "tiny-qwen2", "tiny-qwen3")


@pytest.mark.parametrize("name", NAMES)
def test_a_converter_gives_each_tensor_the_name_that_we_give_it(name: str) -> None:
    config = PRESETS[name]
    family = FAMILIES[config.family]
    numbers = {text: number for number, text in gguf.MODEL_ARCH_NAMES.items()}
    theirs = gguf.get_tensor_name_map(numbers[family.gguf_architecture], config.num_layers)
    parameters = list(Transformer(config).state_dict())
    hf, ours = hf_table(family), gguf_table(family)
    for stored, places in hf.stored_tensors(parameters, config.num_layers).items():
        expected = theirs.get_name(stored, try_suffixes=(".weight", ".bias"))
        assert list(ours.stored_tensors([place.name for place in places], config.num_layers)) == [expected], stored
