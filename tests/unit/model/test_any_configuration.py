"""Whatever configuration is accepted, the model that it describes works: forms agree, decoding equals one forward."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fathom.model.cache import ContiguousCache
from fathom.model.causal import CausalContext
from fathom.model.config import (
    GQAConfig,
    Llama3Scaling,
    MLAConfig,
    ModelConfig,
    MoEConfig,
    RopeConfig,
    SlidingWindow,
    YarnScaling,
)
from fathom.model.counts import count
from fathom.model.init import initialize
from fathom.model.transformer import Transformer

SMALL = st.integers(1, 6)
EVEN = SMALL.map(lambda half: 2 * half)


@st.composite
def attentions(draw: st.DrawFn) -> GQAConfig | MLAConfig:
    if draw(st.booleans()):
        return MLAConfig(
            num_heads=draw(SMALL),
            q_lora_rank=draw(st.none() | SMALL),
            kv_lora_rank=draw(SMALL),
            qk_nope_head_dim=draw(SMALL),
            qk_rope_head_dim=draw(EVEN),
            v_head_dim=draw(SMALL),
        )
    kv_heads = draw(st.integers(1, 3))
    head_dim = draw(EVEN)
    return GQAConfig(
        num_heads=kv_heads * draw(st.integers(1, 3)),
        num_kv_heads=kv_heads,
        head_dim=head_dim,
        rotary_dim=draw(st.sampled_from([None, 2, head_dim])),
        qk_norm_span=draw(st.sampled_from(["head", "projection"])),
        query_pre_attn_scalar=draw(st.sampled_from([None, 3.0])),
        softcap=draw(st.sampled_from([None, 2.0])),
        qkv_bias=draw(st.booleans()),
        o_bias=draw(st.booleans()),
        qk_norm=draw(st.booleans()),
    )


@st.composite
def mixtures(draw: st.DrawFn) -> MoEConfig:
    groups = draw(st.integers(1, 4))
    size = draw(st.integers(1, 3))
    kept = draw(st.integers(1, groups))
    shared = draw(st.integers(0, 2))
    return MoEConfig(
        num_experts=groups * size,
        experts_per_token=draw(st.integers(1, kept * size)),
        num_shared_experts=shared,
        intermediate_size=draw(SMALL),
        scoring=draw(st.sampled_from(["softmax", "sigmoid"])),
        selection=draw(st.sampled_from(["greedy", "group_limited_greedy", "noaux_tc"])),
        num_groups=groups,
        topk_groups=kept,
        normalize=draw(st.booleans()),
        first_dense_layers=draw(st.integers(0, 3)),
        layer_freq=draw(st.integers(1, 2)),
        dense_layers=draw(st.sampled_from([(), (1,)])),
        **draw(st.sampled_from([{}, {"shared_gate": True, "shared_intermediate_size": 5}]) if shared else st.just({})),
    )


def scalings() -> st.SearchStrategy[YarnScaling | Llama3Scaling | None]:
    factors = st.floats(0.5, 50)
    original = st.integers(1, 5000)
    mscale = st.floats(0, 2)
    return st.one_of(
        st.none(),
        st.builds(YarnScaling, factor=factors, original_max_position=original, mscale=mscale, mscale_all_dim=mscale),
        st.builds(
            Llama3Scaling,
            factor=factors,
            low_freq_factor=st.floats(0.5, 2),
            high_freq_factor=st.floats(2.5, 8),
            original_max_position=original,
        ),
    )


configurations = st.builds(
    ModelConfig,
    family=st.just("deepseek_v3"),
    vocab_size=st.integers(2, 30),
    hidden_size=st.integers(1, 24),
    intermediate_size=st.integers(1, 24),
    num_layers=st.integers(1, 3),
    attention=attentions(),
    moe=st.none() | mixtures(),
    rope=st.builds(RopeConfig, theta=st.floats(2, 1e6), interleaved=st.booleans(), scaling=scalings()),
    nope_layers=st.sampled_from([(), (0,)]),
    max_position=st.just(64),
    tie_embeddings=st.booleans(),
    num_mtp_layers=st.integers(0, 1),
    init_std=st.just(0.3),
)


@st.composite
def variants(draw: st.DrawFn) -> ModelConfig:
    """Of a whole model, as far as its parts allow them."""
    config = draw(configurations)
    changes = {
        "norm_placement": draw(st.sampled_from(["pre", "post", "sandwich"])),
        "norm_offset": draw(st.sampled_from([0, 1])),
        "embedding_scale": draw(st.sampled_from([None, 3.0])),
        "logit_softcap": draw(st.sampled_from([None, 2.0])),
    }
    if config.moe is None:
        changes["activation"] = draw(st.sampled_from(["silu", "gelu_tanh"]))
    if isinstance(config.attention, GQAConfig):
        layers = draw(st.sampled_from([(0,), tuple(range(config.num_layers))]))
        own = RopeConfig(theta=5.0, interleaved=config.rope.interleaved)
        window = SlidingWindow(size=draw(st.integers(1, 12)), layers=layers, rope=draw(st.sampled_from([None, own])))
        changes["window"] = draw(st.sampled_from([None, window.model_dump()]))
    return ModelConfig.model_validate(config.model_dump() | changes)


@torch.no_grad()
@settings(max_examples=60, deadline=None)
@given(config=variants())
def test_a_model_of_any_shape(config: ModelConfig) -> None:
    model = Transformer(config).double()  # float32 rounding could tip a near-tie between experts
    initialize(model, config.init_std, torch.Generator().manual_seed(0))
    tokens = torch.randint(config.vocab_size, (2, 9), generator=torch.Generator().manual_seed(1))
    full = model(tokens)
    assert full.shape == (2, 9, config.vocab_size)
    assert torch.isfinite(full).all()
    torch.testing.assert_close(model(tokens, context=CausalContext(absorbed=True)), full, atol=1e-4, rtol=1e-4)
    for absorbed in (False, True):
        cache = ContiguousCache(model.cache_specs(absorbed), 2, 9, absorbed=absorbed, dtype=torch.float64)
        steps = [model(tokens[:, a:b], torch.arange(a, b)[None], cache) for a, b in ((0, 5), (5, 6), (6, 9))]
        torch.testing.assert_close(torch.cat(steps, 1), full, atol=1e-4, rtol=1e-4)
    counts = count(config)
    assert counts.parameters + counts.mtp_parameters == sum(p.numel() for p in model.parameters())
    assert 0 < counts.active_parameters <= counts.parameters
