from __future__ import annotations

import pytest
import torch

from fathom.model.counts import count
from fathom.model.presets import PRESETS
from fathom.model.transformer import Transformer


@pytest.mark.parametrize(
    ("name", "parameters", "active", "mtp", "kv_bytes"),
    [
        ("deepseek-v3", 671_026_404_352, 36_625_603_584, 11_610_067_968, 70_272),
        ("deepseek-r1", 671_026_404_352, 36_625_603_584, 11_610_067_968, 70_272),
        ("deepseek-v2", 235_741_434_880, 20_851_512_320, 0, 69_120),
        ("deepseek-v2-lite", 15_706_484_224, 2_451_435_008, 0, 31_104),
        ("r1-distill-qwen-1.5b", 1_777_088_000, 1_777_088_000, 0, 28_672),
        ("r1-distill-qwen-7b", 7_615_616_512, 7_615_616_512, 0, 57_344),
        ("r1-distill-qwen-14b", 14_770_033_664, 14_770_033_664, 0, 196_608),
        ("r1-distill-qwen-32b", 32_763_876_352, 32_763_876_352, 0, 262_144),
        ("r1-distill-llama-8b", 8_030_261_248, 8_030_261_248, 0, 131_072),
        ("r1-distill-llama-70b", 70_553_706_496, 70_553_706_496, 0, 327_680),
        ("qwen2.5-72b", 72_706_203_648, 72_706_203_648, 0, 327_680),
        ("qwen3-0.6b", 596_049_920, 596_049_920, 0, 114_688),
        ("qwen1.5-moe-a2.7b", 14_315_784_192, 2_378_008_576, 0, 196_608),
        ("qwen3-30b-a3b", 30_532_122_624, 3_041_867_776, 0, 98_304),
        ("smollm2-135m", 134_515_008, 134_515_008, 0, 23_040),
    ],
)
def test_official_configurations(name: str, parameters: int, active: int, mtp: int, kv_bytes: int) -> None:
    counts = count(PRESETS[name])
    assert counts.parameters == parameters
    assert counts.active_parameters == active
    assert counts.mtp_parameters == mtp
    assert counts.kv_bytes_per_token == kv_bytes


@pytest.mark.parametrize(
    ("name", "billions"),
    [
        ("deepseek-v3", "671"),
        ("deepseek-v2", "236"),
        ("deepseek-v2-lite", "15.7"),
        ("r1-distill-qwen-1.5b", "1.78"),
        ("r1-distill-qwen-7b", "7.62"),
        ("r1-distill-qwen-14b", "14.8"),
        ("r1-distill-qwen-32b", "32.8"),
        ("r1-distill-llama-8b", "8.03"),
        ("r1-distill-llama-70b", "70.6"),
        ("smollm2-135m", "0.135"),
        ("smollm2-360m", "0.362"),
        ("smollm2-1.7b", "1.71"),
        ("qwen3-1.7b", "1.72"),
        ("qwen3-4b", "4.02"),
        ("qwen3-8b", "8.19"),
        ("llama-3.2-1b", "1.24"),
        ("qwen1.5-moe-a2.7b", "14.3"),
        ("qwen3-30b-a3b", "30.5"),
        ("qwen3-235b-a22b", "235"),
    ],
)
def test_published_totals(name: str, billions: str) -> None:
    digits = len(billions.partition(".")[2])
    assert f"{count(PRESETS[name]).parameters / 1e9:.{digits}f}" == billions


def test_published_active_parameters() -> None:
    """V3: 36.6 B, one input embedding (0.9 B) less than what was first published as 37 B; V2: 21 B."""
    v3 = count(PRESETS["deepseek-v3"])
    assert f"{v3.active_parameters / 1e9:.1f}" == "36.6"
    assert v3.active_parameters == pytest.approx(36.7e9, rel=0.0025)  # the weight documentation's first edition
    assert f"{count(PRESETS['deepseek-v2']).active_parameters / 1e9:.0f}" == "21"
    assert str(count(PRESETS["deepseek-v2-lite"]).active_parameters / 1e9).startswith("2.4")


def test_published_mtp_parameters() -> None:
    """11.5 B without the projection M."""
    config = PRESETS["deepseek-v3"]
    projection = 2 * config.hidden_size**2
    assert f"{(count(config).mtp_parameters - projection) / 1e9:.1f}" == "11.5"


def test_published_size_on_disk() -> None:
    """685 B: main model, MTP module, and that module's copies of embedding and head."""
    config = PRESETS["deepseek-v3"]
    counts = count(config)
    copies = 2 * config.vocab_size * config.hidden_size
    assert f"{(counts.parameters + counts.mtp_parameters + copies) / 1e9:.1f}" == "684.5"


@pytest.mark.parametrize("name", ["tiny-deepseek-v3", "tiny-qwen2"])
def test_weight_bytes_are_those_of_a_real_model(name: str) -> None:
    model = Transformer(PRESETS[name]).bfloat16()
    assert count(PRESETS[name]).weight_bytes == sum(tensor.nbytes for tensor in model.state_dict().values())
    assert count(PRESETS[name], torch.float32).weight_bytes > 1.9 * count(PRESETS[name]).weight_bytes


def test_the_cache_in_float32_is_twice_as_large() -> None:
    assert count(PRESETS["deepseek-v3"], torch.float32).kv_bytes_per_token == 140_544
