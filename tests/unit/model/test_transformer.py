from __future__ import annotations

import pytest
import torch

from fathom.model.context import CacheSpec
from fathom.model.presets import PRESETS
from fathom.model.transformer import Transformer

MLA_LAYER = [
    "attention_norm.weight",
    "attention.q_down.weight",
    "attention.q_norm.weight",
    "attention.q_up.weight",
    "attention.kv_down.weight",
    "attention.kv_norm.weight",
    "attention.kv_up.weight",
    "attention.o_proj.weight",
    "mlp_norm.weight",
]
MOE = [
    "mlp.router.weight",
    "mlp.router.bias",
    "mlp.experts.gate",
    "mlp.experts.up",
    "mlp.experts.down",
    "mlp.shared.gate.weight",
    "mlp.shared.up.weight",
    "mlp.shared.down.weight",
]
DENSE = ["mlp.gate.weight", "mlp.up.weight", "mlp.down.weight"]


def names(preset: str) -> list[str]:
    with torch.device("meta"):
        return list(Transformer(PRESETS[preset]).state_dict())


def test_names_of_deepseek_v3() -> None:
    assert names("tiny-deepseek-v3") == [
        "embed.weight",
        *(f"layers.0.{name}" for name in MLA_LAYER + DENSE),
        *(f"layers.1.{name}" for name in MLA_LAYER + MOE),
        *(f"layers.2.{name}" for name in MLA_LAYER + MOE),
        "norm.weight",
        "head.weight",
        "mtp.0.embed_norm.weight",
        "mtp.0.hidden_norm.weight",
        "mtp.0.proj.weight",
        *(f"mtp.0.block.{name}" for name in MLA_LAYER + MOE),
        "mtp.0.norm.weight",
    ]


@pytest.mark.parametrize(
    ("preset", "attention"),
    [
        ("tiny-llama", ["q_proj.weight", "k_proj.weight", "v_proj.weight", "o_proj.weight"]),
        (
            "tiny-qwen2",
            [
                *("q_proj.weight", "q_proj.bias", "k_proj.weight", "k_proj.bias", "v_proj.weight", "v_proj.bias"),
                "o_proj.weight",
            ],
        ),
        (
            "tiny-qwen3",
            [
                *("q_proj.weight", "k_proj.weight", "v_proj.weight", "o_proj.weight"),
                *("q_norm.weight", "k_norm.weight"),
            ],
        ),
        (
            "tiny-deepseek-v2-lite",
            ["q_proj.weight", "kv_down.weight", "kv_norm.weight", "kv_up.weight", "o_proj.weight"],
        ),
    ],
)
def test_names_of_attention(preset: str, attention: list[str]) -> None:
    prefix = "layers.1.attention."
    assert [name.removeprefix(prefix) for name in names(preset) if name.startswith(prefix)] == attention


def test_a_tied_model_has_no_head() -> None:
    model = Transformer(PRESETS["tiny-llama"])
    assert "head.weight" not in model.state_dict()
    hidden = model.hidden_states(torch.tensor([[1, 2]]))
    torch.testing.assert_close(model.logits(hidden), hidden @ model.embed.weight.T)


def test_shapes() -> None:
    model = Transformer(PRESETS["tiny-deepseek-v3"])
    tokens = torch.zeros(2, 5, dtype=torch.long)
    hidden = model.hidden_states(tokens)
    assert hidden.shape == (2, 5, 128)
    assert model.logits(hidden[:, -1]).shape == (2, 512)
    assert model(tokens).shape == (2, 5, 512)
    assert model.mtp_hidden_states(0, hidden, tokens).shape == (2, 5, 128)


def test_built_on_meta_and_filled_equals_built_in_place() -> None:
    config = PRESETS["tiny-deepseek-v3"]
    model = Transformer(config)
    with torch.device("meta"):
        other = Transformer(config)
    other.load_state_dict(model.state_dict(), assign=True)
    tokens = torch.tensor([[1, 2, 3]])
    assert torch.equal(model(tokens), other(tokens))


@pytest.mark.parametrize("name", [name for name in PRESETS if name.startswith("tiny-")])
def test_bfloat16_stays_near_float32(name: str) -> None:
    torch.manual_seed(0)
    model = Transformer(PRESETS[name])
    tokens = torch.randint(512, (1, 16))
    exact = model(tokens)
    half = model.bfloat16()(tokens)
    assert half.dtype == torch.bfloat16
    alike = torch.nn.functional.cosine_similarity(half.float(), exact, dim=-1)
    assert alike.median() > 0.999
    assert alike.min() > 0.95  # a near tie between two experts may turn


def test_cache_specs() -> None:
    with torch.device("meta"):
        v3 = Transformer(PRESETS["deepseek-v3"])
        qwen = Transformer(PRESETS["r1-distill-qwen-7b"])
    assert v3.cache_specs() == [CacheSpec(1, 576, 512, value_in_key=True)] * 61
    assert v3.cache_specs(absorbed=False) == [CacheSpec(128, 192, 128)] * 61
    assert qwen.cache_specs() == qwen.cache_specs(absorbed=False) == [CacheSpec(4, 128, 128)] * 28


@torch.no_grad()
def test_where_no_layer_rotates_positions_mean_nothing() -> None:
    tokens, far = torch.tensor([[1, 2, 3]]), torch.tensor([[5, 50, 500]])
    still = Transformer(PRESETS["tiny-llama"].model_copy(update={"nope_layers": (0, 1)}))
    assert torch.equal(still(tokens), still(tokens, far))
    half = Transformer(PRESETS["tiny-llama"].model_copy(update={"nope_layers": (1,)}))
    assert not torch.equal(half(tokens), half(tokens, far))


def test_two_models_live_side_by_side() -> None:
    torch.manual_seed(0)
    one, two = Transformer(PRESETS["tiny-llama"]), Transformer(PRESETS["tiny-deepseek-v3"])
    tokens = torch.tensor([[1, 2, 3]])
    before = one(tokens)
    two(tokens)
    assert torch.equal(one(tokens), before)
