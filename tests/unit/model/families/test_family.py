"""What a family need not declare."""

from __future__ import annotations

import dataclasses

import pytest
from family_keys import GGUFValues, HFValues

from fathom.model.families.family import Family
from fathom.model.families.llama import LLAMA


def test_by_default_channels_are_split_halves_and_every_file_matches() -> None:
    required = {field.name for field in dataclasses.fields(Family) if field.default is dataclasses.MISSING}
    family = Family(**{name: getattr(LLAMA, name) for name in required})
    assert not family.is_interleaved(HFValues(rope_interleave=True))
    assert not family.gguf_is_interleaved
    assert family.matches_gguf(GGUFValues())


def test_a_declaration_does_not_change() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        LLAMA.name = "other"  # type: ignore[misc]
