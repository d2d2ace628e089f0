"""Experts on grouped-query attention: the keys of both formats, in both directions, and what neither can say."""

from __future__ import annotations

from typing import Any

import pytest
from family_keys import GGUFValues, HFValues
from tiny_models import tiny_config

from fathom.base.errors import ConfigError
from fathom.model.config import ModelConfig, MoEConfig
from fathom.model.families.family import Family
from fathom.model.families.gqa import dense_family
from fathom.model.families.gqa_moe import moe_family
from fathom.model.families.qwen2_moe import QWEN2_MOE
from fathom.model.families.qwen3_moe import QWEN3_MOE

BOTH = [(QWEN2_MOE, "tiny-qwen2-moe"), (QWEN3_MOE, "tiny-qwen3-moe")]


def with_moe(name: str, **changes: Any) -> ModelConfig:
    moe = tiny_config(name).moe
    assert moe is not None
    return tiny_config(name, moe=moe.model_copy(update=changes))


@pytest.mark.parametrize(("family", "name"), BOTH)
def test_what_is_written_as_hugging_face_s_reads_back(family: Family, name: str) -> None:
    config = with_moe(name, dense_layers=(1,))
    sizes = {"num_hidden_layers": config.num_layers, "hidden_size": config.hidden_size}
    keys = HFValues(**family.write_hf(config), **sizes)
    assert family.read_hf(keys) == {"attention": config.attention, "moe": config.moe}


@pytest.mark.parametrize(("family", "name"), BOTH)
def test_what_is_written_as_gguf_reads_back(family: Family, name: str) -> None:
    config = tiny_config(name)
    values = family.write_gguf(config) | {
        "attention.head_count": config.attention.num_heads,
        "feed_forward_length": config.intermediate_size,
        "embedding_length": config.hidden_size,
    }
    tensors = ["blk.0.attn_q.bias"] if family is QWEN2_MOE else []
    assert family.read_gguf(GGUFValues(tensors, **values)) == {"attention": config.attention, "moe": config.moe}


@pytest.mark.parametrize(
    ("values", "layers"),
    [
        ({}, ()),
        ({"decoder_sparse_step": 2}, (0, 2, 4)),
        ({"mlp_only_layers": [0, 5]}, (0, 5)),
        ({"decoder_sparse_step": 3, "mlp_only_layers": [2]}, (0, 1, 2, 3, 4)),
    ],
)
def test_layers_without_experts_by_step_and_by_name(values: dict[str, Any], layers: tuple[int, ...]) -> None:
    config = tiny_config("tiny-qwen3-moe")
    written = QWEN3_MOE.write_hf(config) | {"hidden_size": 128, "num_hidden_layers": 6, "mlp_only_layers": []}
    assert QWEN3_MOE.read_hf(HFValues(**written | values))["moe"].dense_layers == layers


def test_what_gguf_has_no_keys_for_is_refused() -> None:
    with pytest.raises(ConfigError, match="a model of qwen3_moe has layers without experts; save a directory instead"):
        QWEN3_MOE.write_gguf(with_moe("tiny-qwen3-moe", dense_layers=(1,)))
    with pytest.raises(ConfigError, match="a model of qwen2_moe has experts with normalize=True; save a directory"):
        QWEN2_MOE.write_gguf(with_moe("tiny-qwen2-moe", normalize=True))


@pytest.mark.parametrize(
    "changes",
    [{"scoring": "sigmoid"}, {"selection": "noaux_tc"}, {"routed_scaling_factor": 2.5}, {"shared_gate": False}],
)
def test_experts_of_another_kind_are_refused(changes: dict[str, Any]) -> None:
    config = with_moe("tiny-qwen2-moe", **changes)
    for write in (QWEN2_MOE.write_hf, QWEN2_MOE.write_gguf):
        with pytest.raises(ConfigError, match="the files of qwen2_moe cannot describe these experts: MoEConfig"):
            write(config)


def test_a_model_without_experts_is_refused() -> None:
    with pytest.raises(ConfigError, match="qwen3_moe has experts, and the model none; choose the dense family"):
        QWEN3_MOE.write_hf(tiny_config("tiny-qwen3-moe", moe=None))


def test_older_gguf_files_have_no_widths_of_experts() -> None:
    """llama.cpp divides the dense width by the experts in use, and gives the shared expert all of it."""
    values = {"attention__head_count": 4, "embedding_length": 64, "feed_forward_length": 128, "expert_count": 8}
    assert QWEN2_MOE.read_gguf(GGUFValues(**values, expert_used_count=4))["moe"] == MoEConfig(
        num_experts=8,
        experts_per_token=4,
        intermediate_size=32,
        num_shared_experts=1,
        shared_intermediate_size=128,
        shared_gate=True,
        scoring="softmax",
        selection="greedy",
    )


def test_a_family_is_a_dense_one_with_experts() -> None:
    dense = dense_family("nova", hf_architecture="Nova", hf_constants={}, dialect="chatml", pre_tokenizer="qwen2")
    nova = moe_family(dense, shared_expert=False, gguf_normalize=True)
    assert (nova.name, nova.hf_names, nova.gguf_names) == ("nova", dense.hf_names, dense.gguf_names)
    written = nova.write_hf(tiny_config("tiny-qwen3-moe"))
    assert written.items() >= dense.write_hf(tiny_config("tiny-qwen3-moe")).items()
    assert written["num_experts"] == 16
