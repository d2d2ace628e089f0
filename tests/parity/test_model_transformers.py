"""Logits and gradients equal those of transformers, for every family, in float32."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor
from transformers_bridge import Pair, as_theirs, build

from fathom.model.causal import CausalContext
from fathom.model.config import LinearScaling, Llama3Scaling, ModelConfig, RopeConfig, SlidingWindow, YarnScaling
from fathom.model.presets import PRESETS
from fathom.model.rope import inverse_frequencies
from fathom.model.transformer import Transformer

TOLERANCE = 1e-4
LENGTH = 24


def variant(name: str, **changes: Any) -> ModelConfig:
    return changed(PRESETS[name], **changes)


def changed(config: ModelConfig, **changes: Any) -> ModelConfig:
    """The configuration with changes; ``part__key`` reaches into a part."""
    data = config.model_dump()
    for path, value in changes.items():
        *parts, key = path.split("__")
        target = data
        for part in parts:
            target = target[part]
        target[key] = value.model_dump() if hasattr(value, "model_dump") else value
    return ModelConfig.model_validate(data)


def yarn(**changes: Any) -> RopeConfig:
    values = {"factor": 40, "original_max_position": 64, "mscale": 0.707, "mscale_all_dim": 0.707, **changes}
    return RopeConfig(interleaved=True, scaling=YarnScaling(**values))


CONFIGS = {
    "v2 greedy, no q_lora": variant("tiny-deepseek-v2-lite", rope=yarn()),
    "v2 group-limited, q_lora": variant("tiny-deepseek-v2", rope=yarn()),
    "v2 greedy, q_lora": variant("tiny-deepseek-v2-lite", rope=yarn(), attention__q_lora_rank=48),
    "v2 group-limited, no q_lora": variant("tiny-deepseek-v2", rope=yarn(), attention__q_lora_rank=None),
    "v2 without yarn": variant("tiny-deepseek-v2", rope=RopeConfig(interleaved=True), norm_eps=1e-5),
    "v3": variant("tiny-deepseek-v3", rope=yarn(mscale=1.0, mscale_all_dim=1.0)),
    "v3 mscale apart": variant("tiny-deepseek-v3", rope=yarn(mscale=1.0, mscale_all_dim=0.5)),
    "v3 mscale once": variant("tiny-deepseek-v3", rope=yarn(mscale=1.0, mscale_all_dim=0.0)),
    "v3 half layout": variant("tiny-deepseek-v3", rope=RopeConfig(interleaved=False)),
    "v3 unnormalized, no q_lora": variant("tiny-deepseek-v3", moe__normalize=False, attention__q_lora_rank=None),
    "v3 value head wider than key": variant("tiny-deepseek-v3", attention__v_head_dim=128),
    "llama3 scaling, tied": PRESETS["tiny-llama"],
    "llama plain, untied": variant("tiny-llama", rope=RopeConfig(theta=100_000), tie_embeddings=False),
    "llama yarn": variant("tiny-llama", rope=RopeConfig(scaling=YarnScaling(factor=4, original_max_position=64))),
    "llama linear": variant("tiny-llama", rope=RopeConfig(scaling=LinearScaling(factor=4))),
    "qwen3 attention factor": variant(
        "tiny-qwen3",
        rope=RopeConfig(scaling=YarnScaling(factor=4, original_max_position=64, attention_factor=0.878)),
    ),
    "qwen3 bounds between channels": variant(
        "tiny-qwen3", rope=RopeConfig(scaling=YarnScaling(factor=4, original_max_position=64, truncate=False))
    ),
    "llama with attention bias": variant("tiny-llama", attention__qkv_bias=True, attention__o_bias=True),
    "qwen3 with attention bias": variant("tiny-qwen3", attention__qkv_bias=True, attention__o_bias=True),
    "gemma2": PRESETS["tiny-gemma2"],
    "gemma2 scaled by another width": variant("tiny-gemma2", attention__query_pre_attn_scalar=24.0),
    "gemma2 without caps": variant("tiny-gemma2", attention__softcap=None, logit_softcap=None),
    "gemma3": PRESETS["tiny-gemma3"],
    "glm4": PRESETS["tiny-glm4"],
    "glm4 without biases, all channels rotated": variant(
        "tiny-glm4", attention__qkv_bias=False, attention__rotary_dim=None
    ),
    "olmo2": PRESETS["tiny-olmo2"],
    "phi3": PRESETS["tiny-phi3"],
    "phi3 plain": variant("tiny-phi3", rope=RopeConfig(), window=None, attention__rotary_dim=None),
    "qwen2 sliding in the later layer": variant("tiny-qwen2", window=SlidingWindow(size=7, layers=(1,))),
    "qwen2": PRESETS["tiny-qwen2"],
    "qwen3": PRESETS["tiny-qwen3"],
    "qwen2 moe": PRESETS["tiny-qwen2-moe"],
    "qwen2 moe, a dense layer": variant("tiny-qwen2-moe", num_layers=3, moe__dense_layers=[1], moe__normalize=True),
    "qwen3 moe": PRESETS["tiny-qwen3-moe"],
    "mistral": PRESETS["tiny-mistral"],
    "mistral with a window": variant("tiny-mistral", window=SlidingWindow(size=7, layers=(0, 1))),
    "smollm3": PRESETS["tiny-smollm3"],
    "smollm3 rotating one layer": variant("tiny-smollm3", nope_layers=[0, 1, 3], tie_embeddings=False),
    "qwen3 moe, sliding": variant("tiny-qwen3-moe", window=SlidingWindow(size=7, layers=(0, 1))),
    "qwen3 moe, unnormalized": variant("tiny-qwen3-moe", moe__normalize=False, tie_embeddings=True),
}


@pytest.fixture(scope="module", params=list(CONFIGS))
def pair(request: pytest.FixtureRequest) -> Pair:
    return build(CONFIGS[request.param])


def tokens(config: ModelConfig, batch: int = 2, length: int = LENGTH, seed: int = 1) -> Tensor:
    return torch.randint(config.vocab_size, (batch, length), generator=torch.Generator().manual_seed(seed))


def gap(ours: Tensor, theirs: Tensor) -> float:
    assert ours.shape == theirs.shape
    assert torch.isfinite(ours).all()
    return (ours - theirs).abs().max().item()


def test_frequencies_are_equal_to_the_last_bit(pair: Pair) -> None:
    """At position 100 000 a difference in the last place would turn a channel by 0.01."""
    config = pair.ours.config
    ours = inverse_frequencies(config.rope, config.attention.rope_dim)
    theirs = pair.theirs.model.rotary_emb
    if config.window is None or config.window.rope is None:
        assert torch.equal(ours, theirs.original_inv_freq)
        return
    assert torch.equal(ours, theirs.full_attention_inv_freq)
    sliding = inverse_frequencies(config.window.rope, config.attention.rope_dim)
    assert torch.equal(sliding, theirs.sliding_attention_inv_freq)


@torch.no_grad()
def test_logits(pair: Pair) -> None:
    ids = tokens(pair.ours.config)
    assert gap(pair.ours(ids), pair.theirs(ids).logits) <= TOLERANCE


@torch.no_grad()
@pytest.mark.parametrize("start", [60, 4000, 150_000])
def test_positions_far_beyond_the_original_length(pair: Pair, start: int) -> None:
    ids = tokens(pair.ours.config)
    stride = torch.tensor([[1], [97]])  # the second row leaps, so that it spans thousands of positions
    positions = start + torch.arange(LENGTH) * stride
    ours = pair.ours(ids, positions)
    assert gap(ours, pair.theirs(ids, position_ids=positions).logits) <= TOLERANCE


@torch.no_grad()
@pytest.mark.parametrize("side", ["left", "right"])
def test_padding(pair: Pair, side: str) -> None:
    ids = tokens(pair.ours.config)
    keep = torch.ones_like(ids, dtype=torch.bool)
    keep[0, slice(0, 7) if side == "left" else slice(-7, None)] = False
    ours = pair.ours(ids, context=CausalContext(keep))
    theirs = pair.theirs(ids, attention_mask=keep.long()).logits
    assert gap(ours[keep], theirs[keep]) <= TOLERANCE
    alone = pair.ours(ids[:1][keep[:1]][None])
    assert gap(ours[0][keep[0]], alone[0]) <= TOLERANCE


def test_gradients(pair: Pair) -> None:
    ids = tokens(pair.ours.config)
    direction = torch.randn(2, LENGTH, pair.ours.config.vocab_size, generator=torch.Generator().manual_seed(2))
    ours = gradients(pair.ours, pair.ours(ids), direction)
    theirs = gradients(pair.theirs, pair.theirs(ids).logits, direction)
    assert len(theirs) > 10
    for name, gradient in theirs.items():
        bound = TOLERANCE * gradient.abs().max().item()
        assert bound > 0, name
        assert gap(as_theirs(ours, name, pair.ours.config.family), gradient) <= bound, name


def gradients(model: torch.nn.Module, logits: Tensor, direction: Tensor) -> dict[str, Tensor]:
    model.zero_grad()
    (logits * direction).mean().backward()
    return {name: p.grad for name, p in model.named_parameters() if p.grad is not None}


PERTURBATIONS = [
    ("v2 group-limited, q_lora", {"moe__routed_scaling_factor": 15.9}),
    ("v2 group-limited, q_lora", {"moe__topk_groups": 3}),
    ("v2 group-limited, q_lora", {"moe__selection": "greedy"}),
    ("v2 group-limited, q_lora", {"moe__normalize": True}),
    ("v2 group-limited, q_lora", {"moe__experts_per_token": 2}),
    ("v2 group-limited, q_lora", {"rope__interleaved": False}),
    ("v2 group-limited, q_lora", {"rope__scaling__mscale_all_dim": 0.8}),
    ("v2 group-limited, q_lora", {"rope__scaling__factor": 39.0}),
    ("v3", {"moe__scoring": "softmax"}),
    ("v3", {"moe__normalize": False}),
    ("v3", {"moe__topk_groups": 3}),
    ("v3", {"moe__routed_scaling_factor": 2.4}),
    ("v3", {"rope__theta": 10_100.0}),
    ("v3", {"rope__scaling": None}),
    ("v3", {"rope__scaling__mscale": 0.9}),
    ("v3", {"rope__scaling__beta_fast": 2.0}),
    ("v3", {"rope__scaling__beta_slow": 0.25}),
    ("v3", {"rope__scaling__original_max_position": 128}),
    ("v3", {"norm_eps": 1e-4}),
    ("llama3 scaling, tied", {"rope__scaling__factor": 7.5}),
    ("llama3 scaling, tied", {"rope__scaling__high_freq_factor": 5.0}),
    ("llama3 scaling, tied", {"rope__interleaved": True}),
    ("llama3 scaling, tied", {"rope__theta": 490_000.0}),
    ("qwen3", {"norm_eps": 1e-4}),
    ("mistral with a window", {"window__size": 6}),
    ("smollm3", {"nope_layers": [2]}),
    ("smollm3", {"nope_layers": []}),
    ("qwen2 moe", {"moe__normalize": True}),
    ("qwen2 moe", {"moe__experts_per_token": 2}),
    ("qwen3 moe", {"moe__normalize": False}),
    ("qwen3 moe", {"moe__scoring": "sigmoid"}),
    ("gemma2", {"attention__softcap": 5.0}),
    ("gemma2", {"logit_softcap": 3.5}),
    ("gemma2", {"attention__query_pre_attn_scalar": 30.0}),
    ("gemma2", {"window__size": 7}),
    ("gemma2", {"window__layers": (1,)}),
    ("gemma2", {"window": None}),
    ("gemma2", {"norm_offset": 0}),
    ("gemma2", {"activation": "silu"}),
    ("gemma2", {"embedding_scale": None}),
    ("gemma3", {"window__rope__theta": 9000.0}),
    ("gemma3", {"window__rope": None}),
    ("gemma3", {"rope__scaling": None}),
    ("glm4", {"attention__rotary_dim": 24}),
    ("glm4", {"rope__interleaved": False}),
    ("phi3", {"rope__scaling__attention_factor": 1.0}),
    ("phi3", {"rope__scaling__original_max_position": 256}),
    ("phi3", {"window": None}),
]


@torch.no_grad()
@pytest.mark.parametrize(("name", "change"), PERTURBATIONS, ids=str)
def test_the_bound_bites(name: str, change: dict[str, Any]) -> None:
    """A configuration that is off by one key breaks parity by far more than the tolerance."""
    pair = build(CONFIGS[name])
    other = Transformer(changed(CONFIGS[name], **change))
    other.load_state_dict(pair.ours.state_dict())
    ids = tokens(pair.ours.config)
    positions = 40 + torch.arange(LENGTH)[None].expand(2, -1) * 5
    assert gap(pair.ours(ids, positions), pair.theirs(ids, position_ids=positions).logits) <= TOLERANCE
    assert gap(other(ids, positions), pair.theirs(ids, position_ids=positions).logits) > 10 * TOLERANCE


def test_llama3_scaling_reaches_every_band() -> None:
    """The scaled preset has fast, blended and slow channels, so that each branch is compared."""
    scaling = PRESETS["tiny-llama"].rope.scaling
    assert isinstance(scaling, Llama3Scaling)
    wavelengths = 2 * torch.pi * 500_000 ** (torch.arange(0, 32, 2) / 32)
    low, high = 64 / scaling.low_freq_factor, 64 / scaling.high_freq_factor
    bands = (wavelengths < high, (wavelengths >= high) & (wavelengths <= low), wavelengths > low)
    assert [int(band.sum()) for band in bands] == [2, 1, 13]
