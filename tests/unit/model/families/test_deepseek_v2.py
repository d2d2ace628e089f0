"""DeepSeek-V2: softmax scores, weights that are not normalized, and a GGUF architecture shared with V3."""

from __future__ import annotations

from family_keys import GGUFValues, HFValues

from fathom.model.families.deepseek_v2 import DEEPSEEK_V2
from fathom.model.families.deepseek_v3 import DEEPSEEK_V3
from fathom.model.presets import PRESETS


def test_the_defaults_are_softmax_and_greedy() -> None:
    config = PRESETS["deepseek-v2-lite"]
    written = DEEPSEEK_V2.write_hf(config)
    shorter = {
        key: value for key, value in written.items() if key not in ("scoring_func", "topk_method", "norm_topk_prob")
    }
    assert DEEPSEEK_V2.read_hf(HFValues(**shorter)) == {"attention": config.attention, "moe": config.moe}


def test_it_has_no_mtp_modules() -> None:
    assert "num_nextn_predict_layers" not in DEEPSEEK_V2.write_hf(PRESETS["deepseek-v2-lite"])


def test_it_shares_its_gguf_architecture_with_v3() -> None:
    assert DEEPSEEK_V2.gguf_architecture == DEEPSEEK_V3.gguf_architecture
    assert DEEPSEEK_V2.matches_gguf(GGUFValues(expert_count=64))
