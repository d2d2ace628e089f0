"""Published parameter counts of Gemma, GLM-4, Mistral, OLMo 2, Phi and SmolLM3."""

from __future__ import annotations

import pytest

from fathom.model.counts import count
from fathom.model.dense_presets import DENSE_PRESETS


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("gemma-2-2b", 2_614_341_888),
        ("gemma-2-9b", 9_241_705_984),
        ("gemma-2-27b", 27_227_128_320),
        ("gemma-3-1b", 999_885_952),
        ("gemma-3-4b", 3_880_263_168),
        ("glm-4-9b", 9_400_279_040),
        ("mistral-7b-v0.1", 7_241_732_096),
        ("mistral-7b-v0.3", 7_248_023_552),
        ("mistral-nemo-12b", 12_247_782_400),
        ("smollm3-3b", 3_075_098_624),
        ("olmo-2-1b", 1_484_916_736),
        ("olmo-2-7b", 7_298_617_344),
        ("phi-3-mini-4k", 3_821_079_552),
        ("phi-4", 14_659_507_200),
    ],
)
def test_published_sizes(name: str, parameters: int) -> None:
    assert count(DENSE_PRESETS[name]).parameters == parameters


def test_the_tiny_ones_use_what_their_family_has() -> None:
    gemma2, gemma3, phi = (DENSE_PRESETS[f"tiny-{name}"] for name in ("gemma2", "gemma3", "phi3"))
    assert (gemma2.attention.softcap, gemma2.logit_softcap) == (4.0, 3.0)  # type: ignore[union-attr]
    assert gemma3.window is not None
    assert gemma3.window.rope is not None
    assert phi.short_length == 64
