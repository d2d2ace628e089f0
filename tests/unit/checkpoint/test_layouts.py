"""How stored tensors become parameters: literal examples, and put as the inverse of take."""

import pytest
import torch
from tiny_models import tiny_config

from fathom.checkpoint.layouts import fits, from_pairs, put, row_order, stored_shape, take, to_pairs
from fathom.checkpoint.names import Place
from fathom.model.config import GQAConfig, MLAConfig
from fathom.model.families.tensor_names import Layout


def test_rotary_rows_of_each_head_are_unpaired() -> None:
    stored = torch.tensor([0, 2, 1, 3, 4, 6, 5, 7])  # two heads of four channels, paired (i, i + 2)
    assert from_pairs(stored, heads=2).tolist() == [0, 1, 2, 3, 4, 5, 6, 7]
    assert to_pairs(torch.arange(8), heads=2).tolist() == stored.tolist()


def test_the_row_order_is_that_of_the_rows() -> None:
    config = tiny_config("tiny-llama")
    assert isinstance(config.attention, GQAConfig)
    rows = config.attention.num_kv_heads * config.attention.head_dim
    weight = torch.randn(rows, 3)
    place = Place("layers.0.attention.k_proj.weight", Layout.ROTARY_K)
    parameter = torch.empty_like(weight)
    put(weight, parameter, place, config)
    assert torch.equal(weight[row_order(place, rows, config)], parameter)


def test_the_halves_of_kv_up_interleave_by_head() -> None:
    config = tiny_config("tiny-deepseek-v3")
    mla = config.attention
    assert isinstance(mla, MLAConfig)
    kv_up = torch.randn(mla.num_heads * (mla.qk_nope_head_dim + mla.v_head_dim), mla.kv_lora_rank)
    heads = kv_up.view(mla.num_heads, -1, mla.kv_lora_rank)
    key = take(kv_up, Place("kv_up", Layout.KEY_UP), config)
    value = take(kv_up, Place("kv_up", Layout.VALUE_UP), config)

    assert torch.equal(key[1], heads[1, : mla.qk_nope_head_dim].T)
    assert torch.equal(value[1], heads[1, mla.qk_nope_head_dim :])


def test_a_row_is_stored_as_a_vector_or_as_a_row() -> None:
    config, place, row = tiny_config("tiny-qwen2-moe"), Place("g", Layout.ROW), torch.arange(6.0)[None]
    assert take(row, place, config).shape == (6,)
    assert [fits(shape, (place,), [(1, 6)], config) for shape in ((6,), (1, 6), (6, 1))] == [True, True, False]
    for stored in (row, row[0]):
        copy = torch.zeros(1, 6)
        put(stored, copy, place, config)
        assert torch.equal(copy, row)


@pytest.mark.parametrize("layout", [Layout.SAME, Layout.EXPERT, Layout.KEY_UP, Layout.VALUE_UP])
def test_put_undoes_take(layout: Layout) -> None:
    config = tiny_config("tiny-deepseek-v3")
    mla = config.attention
    assert isinstance(mla, MLAConfig)
    shape = (mla.num_heads * (mla.qk_nope_head_dim + mla.v_head_dim), mla.kv_lora_rank)
    original = torch.randn(4, *shape) if layout is Layout.EXPERT else torch.randn(shape)
    place = Place("p", layout, 2 if layout is Layout.EXPERT else None)
    stored = take(original, place, config)
    assert tuple(stored.shape) == stored_shape(place, tuple(original.shape), config)

    copy = original.clone()
    put(torch.zeros_like(stored), copy, place, config)
    assert not torch.equal(copy, original)
    put(stored, copy, place, config)
    assert torch.equal(copy, original)
