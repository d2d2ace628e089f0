"""The official configurations by name, as published in each model's configuration file, and tiny ones for tests.

A preset describes an architecture; it holds no weights. One departure from the files: DeepSeek's ``init_std`` is the
0.006 that the papers train with (V2, section 3.1.2; V3, section 4.2), where the files repeat a library's default.
"""

from __future__ import annotations

from fathom.base.errors import ModelNotFoundError
from fathom.model.config import (
    GQAConfig,
    Llama3Scaling,
    MLAConfig,
    ModelConfig,
    MoEConfig,
    RopeConfig,
    YarnScaling,
)
from fathom.model.dense_presets import DENSE_PRESETS


def preset(name: str) -> ModelConfig:
    """The configuration called ``name``; raises :class:`ModelNotFoundError` that lists the names there are."""
    try:
        return PRESETS[name]
    except KeyError:
        raise ModelNotFoundError(f"there is no preset {name!r}", f"choose one of {', '.join(PRESETS)}") from None


def _yarn(mscale: float) -> RopeConfig:
    scaling = YarnScaling(factor=40, original_max_position=4096, mscale=mscale, mscale_all_dim=mscale)
    return RopeConfig(theta=10_000, interleaved=True, scaling=scaling)


def _mla(heads: int, q_lora_rank: int | None) -> MLAConfig:
    return MLAConfig(
        num_heads=heads,
        q_lora_rank=q_lora_rank,
        kv_lora_rank=512,
        qk_nope_head_dim=128,
        qk_rope_head_dim=64,
        v_head_dim=128,
    )


_V3 = ModelConfig(
    family="deepseek_v3",
    vocab_size=129_280,
    hidden_size=7168,
    intermediate_size=18_432,
    num_layers=61,
    attention=_mla(128, q_lora_rank=1536),
    moe=MoEConfig(
        num_experts=256,
        experts_per_token=8,
        num_shared_experts=1,
        intermediate_size=2048,
        scoring="sigmoid",
        selection="noaux_tc",
        num_groups=8,
        topk_groups=4,
        normalize=True,
        routed_scaling_factor=2.5,
        first_dense_layers=3,
    ),
    rope=_yarn(mscale=1.0),
    max_position=163_840,
    num_mtp_layers=1,
    init_std=0.006,
)

_V2 = ModelConfig(
    family="deepseek_v2",
    vocab_size=102_400,
    hidden_size=5120,
    intermediate_size=12_288,
    num_layers=60,
    attention=_mla(128, q_lora_rank=1536),
    moe=MoEConfig(
        num_experts=160,
        experts_per_token=6,
        num_shared_experts=2,
        intermediate_size=1536,
        scoring="softmax",
        selection="group_limited_greedy",
        num_groups=8,
        topk_groups=3,
        routed_scaling_factor=16.0,
        first_dense_layers=1,
    ),
    rope=_yarn(mscale=0.707),
    max_position=163_840,
    init_std=0.006,
)

_V2_LITE = ModelConfig(
    family="deepseek_v2",
    vocab_size=102_400,
    hidden_size=2048,
    intermediate_size=10_944,
    num_layers=27,
    attention=_mla(16, q_lora_rank=None),
    moe=MoEConfig(
        num_experts=64,
        experts_per_token=6,
        num_shared_experts=2,
        intermediate_size=1408,
        scoring="softmax",
        selection="greedy",
        first_dense_layers=1,
    ),
    rope=_yarn(mscale=0.707),
    max_position=163_840,
    init_std=0.006,
)


def _qwen2(
    width: int, layers: int, heads: int, kv_heads: int, inner: int, *, vocab: int, theta: float, eps: float = 1e-6
) -> ModelConfig:
    return ModelConfig(
        family="qwen2",
        vocab_size=vocab,
        hidden_size=width,
        intermediate_size=inner,
        num_layers=layers,
        attention=GQAConfig(num_heads=heads, num_kv_heads=kv_heads, head_dim=width // heads, qkv_bias=True),
        rope=RopeConfig(theta=theta),
        max_position=131_072,
        norm_eps=eps,
    )


def _qwen3(width: int, layers: int, heads: int, inner: int, *, tied: bool) -> ModelConfig:
    return ModelConfig(
        family="qwen3",
        vocab_size=151_936,
        hidden_size=width,
        intermediate_size=inner,
        num_layers=layers,
        attention=GQAConfig(num_heads=heads, num_kv_heads=8, head_dim=128, qk_norm=True),
        rope=RopeConfig(theta=1e6),
        max_position=40_960,
        tie_embeddings=tied,
    )


def _qwen3_moe(width: int, layers: int, heads: int, inner: int, expert: int) -> ModelConfig:
    return ModelConfig(
        family="qwen3_moe",
        vocab_size=151_936,
        hidden_size=width,
        intermediate_size=inner,
        num_layers=layers,
        attention=GQAConfig(num_heads=heads, num_kv_heads=4, head_dim=128, qk_norm=True),
        moe=MoEConfig(
            num_experts=128,
            experts_per_token=8,
            intermediate_size=expert,
            scoring="softmax",
            selection="greedy",
            normalize=True,
        ),
        rope=RopeConfig(theta=1e6),
        max_position=40_960,
    )


_QWEN1_5_MOE = ModelConfig(
    family="qwen2_moe",
    vocab_size=151_936,
    hidden_size=2048,
    intermediate_size=5632,
    num_layers=24,
    attention=GQAConfig(num_heads=16, num_kv_heads=16, head_dim=128, qkv_bias=True),
    moe=MoEConfig(
        num_experts=60,
        experts_per_token=4,
        intermediate_size=1408,
        num_shared_experts=1,
        shared_intermediate_size=5632,
        shared_gate=True,
        scoring="softmax",
        selection="greedy",
    ),
    rope=RopeConfig(theta=1e6),
    max_position=8192,
)


def _llama3(width: int, layers: int, heads: int, inner: int, *, factor: float = 8.0, tied: bool = False) -> ModelConfig:
    scaling = Llama3Scaling(factor=factor, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position=8192)
    return ModelConfig(
        family="llama",
        vocab_size=128_256,
        hidden_size=width,
        intermediate_size=inner,
        num_layers=layers,
        attention=GQAConfig(num_heads=heads, num_kv_heads=8, head_dim=width // heads),
        rope=RopeConfig(theta=500_000, scaling=scaling),
        max_position=131_072,
        norm_eps=1e-5,
        tie_embeddings=tied,
    )


def _smollm2(width: int, layers: int, heads: int, kv_heads: int, inner: int, *, theta: float) -> ModelConfig:
    return ModelConfig(
        family="llama",
        vocab_size=49_152,
        hidden_size=width,
        intermediate_size=inner,
        num_layers=layers,
        attention=GQAConfig(num_heads=heads, num_kv_heads=kv_heads, head_dim=width // heads),
        rope=RopeConfig(theta=theta),
        max_position=8192,
        norm_eps=1e-5,
        tie_embeddings=True,
    )


_TINY_MLA = MLAConfig(
    num_heads=4, q_lora_rank=64, kv_lora_rank=64, qk_nope_head_dim=32, qk_rope_head_dim=32, v_head_dim=32
)
_TINY_YARN = RopeConfig(interleaved=True, scaling=YarnScaling(factor=8, original_max_position=64, mscale_all_dim=1.0))


def _tiny(family: str, **parts: object) -> ModelConfig:
    """Two or three layers of 128: small enough for a test, with every mechanism of its family at work."""
    sizes = {
        "vocab_size": 512,
        "hidden_size": 128,
        "intermediate_size": 256,
        "num_layers": 2,
        "max_position": 512,
    }
    return ModelConfig.model_validate({"family": family, **sizes, **parts})


def _tiny_moe(**parts: object) -> MoEConfig:
    sizes = {"num_experts": 16, "experts_per_token": 3, "intermediate_size": 64, "first_dense_layers": 1}
    return MoEConfig.model_validate({**sizes, **parts})


_TINY = {
    "tiny-llama": _tiny(
        "llama",
        attention=GQAConfig(num_heads=4, num_kv_heads=2, head_dim=32),
        rope=RopeConfig(
            theta=500_000,
            scaling=Llama3Scaling(factor=8, low_freq_factor=1, high_freq_factor=4, original_max_position=64),
        ),
        tie_embeddings=True,
    ),
    "tiny-qwen2": _tiny("qwen2", attention=GQAConfig(num_heads=4, num_kv_heads=2, head_dim=32, qkv_bias=True)),
    "tiny-qwen3": _tiny("qwen3", attention=GQAConfig(num_heads=4, num_kv_heads=2, head_dim=64, qk_norm=True)),
    "tiny-qwen2-moe": _tiny(
        "qwen2_moe",
        attention=GQAConfig(num_heads=4, num_kv_heads=2, head_dim=32, qkv_bias=True),
        moe=_tiny_moe(
            num_shared_experts=1,
            shared_intermediate_size=96,
            shared_gate=True,
            scoring="softmax",
            selection="greedy",
            first_dense_layers=0,
        ),
    ),
    "tiny-qwen3-moe": _tiny(
        "qwen3_moe",
        attention=GQAConfig(num_heads=4, num_kv_heads=2, head_dim=64, qk_norm=True),
        moe=_tiny_moe(scoring="softmax", selection="greedy", normalize=True, first_dense_layers=0),
    ),
    "tiny-deepseek-v2": _tiny(
        "deepseek_v2",
        num_layers=3,
        attention=_TINY_MLA,
        rope=_TINY_YARN,
        moe=_tiny_moe(
            num_shared_experts=2,
            scoring="softmax",
            selection="group_limited_greedy",
            num_groups=4,
            topk_groups=2,
            routed_scaling_factor=16.0,
        ),
    ),
    "tiny-deepseek-v2-lite": _tiny(
        "deepseek_v2",
        num_layers=3,
        attention=_TINY_MLA.model_copy(update={"q_lora_rank": None}),
        rope=_TINY_YARN,
        moe=_tiny_moe(num_shared_experts=2, scoring="softmax", selection="greedy"),
    ),
    "tiny-deepseek-v3": _tiny(
        "deepseek_v3",
        num_layers=3,
        attention=_TINY_MLA,
        rope=_TINY_YARN,
        moe=_tiny_moe(
            num_shared_experts=1,
            scoring="sigmoid",
            selection="noaux_tc",
            num_groups=4,
            topk_groups=2,
            normalize=True,
            routed_scaling_factor=2.5,
        ),
        num_mtp_layers=1,
    ),
}

PRESETS: dict[str, ModelConfig] = {
    "deepseek-v3": _V3,
    "deepseek-r1": _V3,
    "deepseek-v2": _V2,
    "deepseek-v2-lite": _V2_LITE,
    "r1-distill-qwen-1.5b": _qwen2(1536, 28, 12, 2, 8960, vocab=151_936, theta=1e4),
    "r1-distill-qwen-7b": _qwen2(3584, 28, 28, 4, 18_944, vocab=152_064, theta=1e4),
    "r1-distill-qwen-14b": _qwen2(5120, 48, 40, 8, 13_824, vocab=152_064, theta=1e6, eps=1e-5),
    "r1-distill-qwen-32b": _qwen2(5120, 64, 40, 8, 27_648, vocab=152_064, theta=1e6, eps=1e-5),
    "r1-distill-llama-8b": _llama3(4096, 32, 32, 14_336),
    "r1-distill-llama-70b": _llama3(8192, 80, 64, 28_672),
    "llama-3.1-8b": _llama3(4096, 32, 32, 14_336),
    "llama-3.2-1b": _llama3(2048, 16, 32, 8192, factor=32.0, tied=True),
    "llama-3.3-70b": _llama3(8192, 80, 64, 28_672),
    "qwen2.5-7b": _qwen2(3584, 28, 28, 4, 18_944, vocab=152_064, theta=1e6),
    "qwen2.5-72b": _qwen2(8192, 80, 64, 8, 29_568, vocab=152_064, theta=1e6, eps=1e-5),
    "qwen3-0.6b": _qwen3(1024, 28, 16, 3072, tied=True),
    "qwen3-1.7b": _qwen3(2048, 28, 16, 6144, tied=True),
    "qwen3-4b": _qwen3(2560, 36, 32, 9728, tied=True),
    "qwen3-8b": _qwen3(4096, 36, 32, 12_288, tied=False),
    "qwen1.5-moe-a2.7b": _QWEN1_5_MOE,
    "qwen3-30b-a3b": _qwen3_moe(2048, 48, 32, 6144, expert=768),
    "qwen3-235b-a22b": _qwen3_moe(4096, 94, 64, 12_288, expert=1536),
    "smollm2-135m": _smollm2(576, 30, 9, 3, 1536, theta=100_000),
    "smollm2-360m": _smollm2(960, 32, 15, 5, 2560, theta=100_000),
    "smollm2-1.7b": _smollm2(2048, 24, 32, 32, 8192, theta=130_000),
    **DENSE_PRESETS,
    **_TINY,
}
