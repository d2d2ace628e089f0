"""Facts about models, against the published figures."""

import dataclasses
import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny_models import tiny_model

from fathom.checkpoint.hf.export import save_directory
from fathom.checkpoint.inspect import describe, published_fp8_bytes
from fathom.model.presets import PRESETS


def test_the_embedded_model() -> None:
    facts = describe(None)
    assert (facts.name, facts.kind, facts.architecture) == ("smollm2-135m-instruct", "gguf", "LlamaForCausalLM")
    assert (facts.parameters, facts.active_parameters, facts.mtp_parameters) == (134_515_008, 134_515_008, 0)
    assert facts.kv_bytes_per_token == 2 * 30 * 3 * 64 * 2
    assert facts.stored_types == {"Q4_1": 66_355_200, "Q8_0": 30_081_024, "F32": 140_544}
    assert (facts.weight_bytes, facts.dtype, facts.tensors) == (96_576_768, "Q4_1", 272)
    assert (facts.context_length, facts.layers, facts.hidden_size, facts.vocabulary) == (8192, 30, 576, 49152)
    assert (facts.license, facts.problems) == ("apache-2.0", ())


def test_deepseek_v3_by_its_published_figures() -> None:
    facts = describe("deepseek-v3")
    assert facts.path is None
    assert round(facts.parameters / 1e9) == 671
    assert facts.kv_bytes_per_token == 70_272
    assert round(facts.mtp_parameters / 1e9, 1) in (11.5, 11.6)
    assert (facts.dtype, round(facts.weight_bytes / 1e9, 1)) == ("float8_e4m3fn", 688.6)  # the repository's index
    assert (facts.experts, facts.experts_per_token, facts.attention) == (256, 8, "mla")


def test_v2_lite_and_a_distill_in_bfloat16() -> None:
    lite, distill = describe("deepseek-v2-lite"), describe("r1-distill-qwen-1.5b")
    assert (round(lite.parameters / 1e9, 1), lite.kv_bytes_per_token) == (15.7, 31_104)
    assert (lite.dtype, lite.weight_bytes) == ("bfloat16", 2 * lite.parameters)
    assert (distill.parameters, distill.kv_bytes_per_token) == (1_777_088_000, 28_672)
    assert distill.license == "mit"


def test_facts_are_json() -> None:
    assert json.loads(json.dumps(dataclasses.asdict(describe("tiny-deepseek-v3"))))["experts"] == 16


def test_a_directory_and_what_does_not_fit_in_it(tmp_path: Path) -> None:
    model = tiny_model("tiny-deepseek-v3")
    save_directory(tmp_path, model, dtype=torch.bfloat16)
    (tmp_path / "README.md").write_text("---\nlanguage: en\nlicense: mit\n---\n# A model\n")

    facts = describe(tmp_path)

    assert (facts.kind, facts.license, facts.problems) == ("directory", "mit", ())
    assert facts.parameters + facts.mtp_parameters == sum(p.numel() for p in model.parameters())
    assert facts.weight_bytes == sum(facts.stored_types.values())
    assert facts.dtype == "bfloat16"

    stored = load_file(tmp_path / "model.safetensors")
    del stored["model.norm.weight"]
    save_file(stored | {"extra": torch.zeros(2)}, tmp_path / "model.safetensors")
    assert describe(tmp_path).problems == ("1 missing: model.norm.weight", "1 unexpected: extra")


def test_bytes_of_an_fp8_checkpoint_are_counted_part_by_part() -> None:
    config = PRESETS["tiny-llama"].model_copy(update={"num_layers": 1})
    state = tiny_model("tiny-llama", num_layers=1, vocab_size=config.vocab_size).state_dict()
    matrices = [t for name, t in state.items() if t.dim() == 2 and name != "embed.weight"]
    scales = sum(4 * -(-t.shape[0] // 128) * -(-t.shape[1] // 128) for t in matrices)
    plain = sum(2 * t.numel() for t in state.values()) - sum(2 * t.numel() for t in matrices)
    assert published_fp8_bytes(config) == plain + sum(t.numel() for t in matrices) + scales


def test_an_unknown_name() -> None:
    with pytest.raises(Exception, match="there is no model called"):
        describe("nonesuch")
