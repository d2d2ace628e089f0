"""DeepSeek-V3: sigmoid scores with a balancing bias, MTP modules, and what tells its GGUF files from V2's."""

from __future__ import annotations

import pytest
from family_keys import GGUFValues, HFValues

from fathom.model.families.deepseek_v3 import DEEPSEEK_V3
from fathom.model.presets import PRESETS

V3 = PRESETS["deepseek-v3"]


def test_the_published_values_are_the_defaults() -> None:
    """config.json of DeepSeek-V3 without the keys that transformers defaults."""
    written = DEEPSEEK_V3.write_hf(V3)
    assert (written["num_nextn_predict_layers"], written["rope_interleave"]) == (1, True)
    shorter = {key: value for key, value in written.items() if key not in ("scoring_func", "topk_method")}
    assert DEEPSEEK_V3.read_hf(HFValues(**shorter)) == {"attention": V3.attention, "moe": V3.moe, "num_mtp_layers": 1}


@pytest.mark.parametrize(("values", "expected"), [({}, True), ({"rope_interleave": False}, False)])
def test_rotary_channels_are_interleaved_unless_the_file_says_otherwise(
    values: dict[str, bool], expected: bool
) -> None:
    assert DEEPSEEK_V3.is_interleaved(HFValues(**values)) is expected


def test_its_gguf_files_score_by_sigmoid() -> None:
    assert DEEPSEEK_V3.matches_gguf(GGUFValues(expert_count=256, expert_gating_func=2))
    assert not DEEPSEEK_V3.matches_gguf(GGUFValues(expert_count=64, expert_gating_func=1))
    assert not DEEPSEEK_V3.matches_gguf(GGUFValues())
