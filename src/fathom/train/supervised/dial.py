"""The dial ``depth``: the number of layers, from which all other sizes and rates follow.

Width grows with depth (64 channels a layer, as nanochat has it), so that models of all sizes have one shape; heads,
latents and experts keep the proportions of DeepSeek-V2-Lite and V3; tokens keep a fixed ratio to the parameters that
serve a token (20, arXiv 2203.15556); batch and learning rate follow DeepSeek's own scaling law in the compute that
these make. A recipe may replace any of these values, and so may ``--set``.
"""

from __future__ import annotations

from dataclasses import dataclass

from fathom.base.errors import ConfigError
from fathom.model import counts, flops
from fathom.model.config import MLAConfig, ModelConfig, MoEConfig, RopeConfig
from fathom.optim.config import AdamWConfig, MuonConfig, OptimConfig, ScheduleConfig
from fathom.train.supervised.config import BatchConfig

CHANNELS_A_LAYER = 64
TOKENS_A_PARAMETER = 20
MICRO_TOKENS = 8192
"""Tokens whose activations are held at once."""


@dataclass(frozen=True, slots=True)
class Dial:
    """What a depth decides. ``tokens`` is steps · rows · length; ``compute`` the FLOPs that they take."""

    model: ModelConfig
    batch: BatchConfig
    optim: OptimConfig
    steps: int
    tokens: int
    compute: float


def dial(depth: int, vocab_size: int, length: int = 1024, tokens_a_parameter: float = TOKENS_A_PARAMETER) -> Dial:
    """Everything for a model of ``depth`` layers over ``vocab_size`` tokens, in rows of ``length``. Raises ConfigError
    below 2 layers: the first has no experts.
    """
    if depth < 2:
        raise ConfigError(f"a depth of {depth} leaves no layer for experts", "choose a depth of 2 or more")
    model = shape(depth, vocab_size, length)
    tokens = tokens_a_parameter * counts.count(model).active_parameters
    compute = tokens * flops.training(model, length)
    rows = max(1, round(batch_tokens(compute) / length))
    steps = max(1, round(tokens / (rows * length)))
    rate = learning_rate(compute)
    return Dial(
        model=model,
        batch=BatchConfig(rows=rows, length=length, micro_rows=max(1, MICRO_TOKENS // length)),
        optim=OptimConfig(
            adamw=AdamWConfig(lr=rate),
            muon=MuonConfig(lr=rate),
            schedule=ScheduleConfig(kind="stable", warmup=min(2000, max(1, steps // 50))),
        ),
        steps=steps,
        tokens=steps * rows * length,
        compute=compute,
    )


def shape(depth: int, vocab_size: int, length: int) -> ModelConfig:
    """The model of ``depth`` layers. Every dimension is a multiple of 32, so that fast kernels take it."""
    width = CHANNELS_A_LAYER * depth
    head = 32 if width < 512 else 64 if width < 1024 else 128
    experts, chosen = (16, 4) if depth < 12 else (64, 6)
    return ModelConfig(
        family="deepseek_v3",
        vocab_size=_multiple(vocab_size, 64),
        hidden_size=width,
        intermediate_size=_multiple(width * 8 / 3),
        num_layers=depth,
        attention=MLAConfig(
            num_heads=width // head,
            q_lora_rank=_multiple(width * 3 / 8),
            kv_lora_rank=_multiple(width / 4),
            qk_nope_head_dim=head,
            qk_rope_head_dim=max(32, head // 2),
            v_head_dim=head,
        ),
        moe=MoEConfig(
            num_experts=experts,
            experts_per_token=chosen,
            num_shared_experts=1,
            intermediate_size=_multiple(width * 8 / 3 / (chosen + 1)),  # as much as a dense layer, for each token
            scoring="sigmoid",
            selection="noaux_tc",
            normalize=True,
            first_dense_layers=1,
        ),
        rope=RopeConfig(interleaved=True),
        max_position=length,
        num_mtp_layers=1,
        init_std=0.5 * width**-0.5,  # V3's 0.006 at V3's width
    )


def batch_tokens(compute: float) -> float:
    """The best batch for ``compute`` FLOPs, in tokens (DeepSeek LLM, arXiv 2401.02954, eq. 1)."""
    return 0.2920 * compute**0.3271


def learning_rate(compute: float) -> float:
    """The best peak learning rate of AdamW for ``compute`` FLOPs (the same)."""
    return 0.3118 * compute**-0.1250


def _multiple(size: float, of: int = 32) -> int:
    """At least ``size``, in whole multiples."""
    return of * max(1, -int(-size // of))
