"""What is said of models beyond the plain decoder."""

from __future__ import annotations

import pytest

from fathom.model.features import features
from fathom.model.presets import PRESETS


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("smollm2-135m", ()),
        ("qwen3-0.6b", ("norms on queries and keys",)),
        ("llama-3.1-8b", ("Llama 3 rope scaling, 8 times 8,192 tokens",)),
        ("deepseek-v3", ("YaRN, 40 times 4,096 tokens",)),
        ("smollm3-3b", ("no rotation in 9 of 36 layers",)),
        ("r1-distill-qwen-7b", ("biases on queries, keys and values",)),
        ("olmo-2-1b", ("norms on queries and keys, all heads as one", "norms of outputs, not of inputs")),
        (
            "tiny-phi3",
            ("window of 10 tokens in 2 of 2 layers", "24 of 32 channels rotated", "LongRoPE beyond 64 tokens"),
        ),
        (
            "gemma-2-27b",
            (
                "window of 4,096 tokens in 23 of 46 layers",
                "scores divided by the root of 144",
                "scores capped at 50",
                "norms of inputs and of outputs",
                "gated by GELU",
                "embeddings times 67.88",
                "logits capped at 30",
            ),
        ),
        (
            "gemma-3-4b",
            (
                "window of 1,024 tokens in 29 of 34 layers",
                "norms on queries and keys",
                "positions divided by 8",
                "rope theta 1,000,000, and 10,000 within the window",
                "norms of inputs and of outputs",
                "gated by GELU",
                "embeddings times 50.6",
            ),
        ),
    ],
)
def test_features(name: str, expected: tuple[str, ...]) -> None:
    assert features(PRESETS[name]) == expected
