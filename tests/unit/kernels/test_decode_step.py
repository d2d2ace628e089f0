"""The weights of the decode step: their copies in panels, what is refused, and what a step returns."""

from __future__ import annotations

import ctypes

import pytest
import torch
from torch import Tensor

from fathom.kernels import decode_step
from fathom.kernels.decode_step import LANES, DecodeWeights, LayerTensors, ModelTensors, StepInputs, can_serve
from fathom.kernels.registry import reference_only

pytestmark = pytest.mark.usefixtures("kernels")

WIDTH, HEADS, LATENT, NOPE, ROPE, VALUE, VOCAB, INNER = 20, 2, 8, 5, 4, 6, 33, 24

SIZES = {
    "width": WIDTH,
    "heads": HEADS,
    "query_rank": 0,
    "latent": LATENT,
    "nope": NOPE,
    "rope": ROPE,
    "value": VALUE,
    "vocab": VOCAB,
    "experts": 0,
    "per_token": 0,
    "groups": 1,
    "topk_groups": 1,
    "group_score_experts": 0,
    "expert_width": 0,
    "interleaved": False,
    "normalize": False,
    "eps": 1e-6,
    "latent_eps": 1e-6,
    "scale": 0.3,
    "routed_scale": 1.0,
}


def tensors(seed: int = 0) -> ModelTensors:
    generator = torch.Generator().manual_seed(seed)

    def random(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator) / shape[-1] ** 0.5

    layer: LayerTensors = {
        "attention_norm": torch.ones(WIDTH),
        "mlp_norm": torch.ones(WIDTH),
        "q_down": None,
        "q_norm": None,
        "q_up": random(HEADS * (NOPE + ROPE), WIDTH),
        "kv_down": random(LATENT + ROPE, WIDTH),
        "kv_norm": torch.ones(LATENT),
        "kv_up": random(HEADS * (NOPE + VALUE), LATENT),
        "out": random(WIDTH, HEADS * VALUE),
        "gate": random(INNER, WIDTH),
        "up": random(INNER, WIDTH),
        "down": random(WIDTH, INNER),
        "router": None,
        "bias": None,
        "expert_gate": None,
        "expert_up": None,
        "expert_down": None,
    }
    return ModelTensors(random(VOCAB, WIDTH), torch.ones(WIDTH), random(VOCAB, WIDTH), (layer,))


def pages() -> list[Tensor]:
    return [torch.zeros(3, 4, 1, LATENT + ROPE)]


def inputs(rows: int = 2) -> StepInputs:
    return StepInputs(
        tokens=torch.arange(rows),
        lengths=torch.ones(rows, dtype=torch.int32),
        tables=torch.arange(rows, dtype=torch.int32)[:, None],
        cos=torch.ones(rows, ROPE),
        sin=torch.zeros(rows, ROPE),
        temperatures=torch.zeros(rows),
        uniforms=torch.zeros(rows, dtype=torch.float64),
    )


def test_copies_are_panels_of_sixteen_outputs() -> None:
    model = tensors()
    weights = DecodeWeights(SIZES, pages())
    weights.copy_from(model)
    out = model.layers[0]["out"]
    assert out is not None
    count = -(-WIDTH // LANES) * LANES * out.shape[1]
    panels = torch.tensor((ctypes.c_float * count).from_address(weights._layers[0].out)[:])
    expected = torch.zeros(2 * LANES, out.shape[1])
    expected[:WIDTH] = out
    assert torch.equal(panels, expected.view(2, LANES, -1).transpose(1, 2).flatten())


def test_a_step_stores_the_token_and_samples_below_the_limit() -> None:
    cache = pages()
    weights = DecodeWeights(SIZES, cache)
    weights.copy_from(tensors())
    whole = weights.step(inputs(), VOCAB)
    assert whole.hidden.shape == (2, WIDTH)
    assert cache[0][0, 0].any()
    assert cache[0][1, 0].any()
    assert not cache[0][2].any()
    assert (whole.logprobs <= 0).all()
    limited = weights.step(inputs(), int(whole.ids.max()))
    assert (limited.ids < whole.ids.max()).all()


def test_copies_are_a_snapshot_until_the_next() -> None:
    model, weights = tensors(), DecodeWeights(SIZES, pages())
    weights.copy_from(model)
    before = weights.step(inputs(), VOCAB).logprobs
    model.head.mul_(2)
    assert torch.equal(weights.step(inputs(), VOCAB).logprobs, before)
    weights.copy_from(model)
    assert not torch.equal(weights.step(inputs(), VOCAB).logprobs, before)


def test_every_size_is_needed_and_no_other() -> None:
    with pytest.raises(TypeError, match=r"DecodeModel: missing or unknown fields \['rope'\]"):
        DecodeWeights({name: size for name, size in SIZES.items() if name != "rope"}, pages())
    with pytest.raises(TypeError, match=r"missing or unknown fields \['depth'\]"):
        DecodeWeights(SIZES | {"depth": 3}, pages())


def test_what_the_kernel_does_not_take_is_declined(monkeypatch) -> None:
    model = tensors()
    assert can_serve(model, pages())
    assert not can_serve(model, [page.double() for page in pages()])
    assert not can_serve(ModelTensors(model.embed.bfloat16(), model.norm, model.head, model.layers), pages())
    assert not can_serve(ModelTensors(model.embed.t(), model.norm, model.head, model.layers), pages())
    with reference_only():
        assert not can_serve(model, pages())
    monkeypatch.setattr(decode_step, "library", lambda: None)
    assert not can_serve(model, pages())
