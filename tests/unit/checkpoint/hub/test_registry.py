"""Recommended models: found in any case, with sizes that follow from their architecture."""

import pytest

from fathom.base.errors import ModelNotFoundError
from fathom.checkpoint.hub.registry import RECOMMENDED, Recommended, find
from fathom.model.counts import count
from fathom.model.presets import PRESETS


def test_the_registry_finds_in_any_case_and_lists_what_there_is() -> None:
    assert find("Qwen3-0.6B").repo == "Qwen/Qwen3-0.6B"
    with pytest.raises(ModelNotFoundError, match=r"choose one of smollm2-135m-instruct, qwen3-0.6b"):
        find("nonesuch")


@pytest.mark.parametrize("model", [m for m in RECOMMENDED.values() if m.preset], ids=lambda m: m.name)
def test_stated_sizes_follow_from_the_architecture(model: Recommended) -> None:
    assert model.preset is not None
    weights = count(PRESETS[model.preset]).weight_bytes
    stored = {"bfloat16": 1.0, "float8_e4m3fn": 0.504, "gguf": 0.0}[model.stored]
    assert stored * weights <= model.download_bytes <= stored * weights * 1.27 + 1
    assert model.memory_bytes >= weights or model.stored == "gguf"
    assert model.parameters == count(PRESETS[model.preset]).parameters
    assert model.context == PRESETS[model.preset].max_position


@pytest.mark.parametrize("model", RECOMMENDED.values(), ids=lambda m: m.name)
def test_every_entry_is_whole(model: Recommended) -> None:
    assert model.name == model.name.lower()
    assert model.download_bytes <= model.memory_bytes * 1.01
    assert model.revision is None or len(model.revision) == 40
    assert model.license
    assert model.purpose
    if model.stored == "gguf":
        assert model.download_bytes == 0 or ":" in model.repo
