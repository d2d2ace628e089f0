"""The page of the ablation is the stored result in words, and its variants differ in what they say alone."""

import json

import pytest

from benchmarks import ablation, harness
from benchmarks.harness import RESULTS
from benchmarks.variants import active, variants


def run(seed, loss, solved, tokens):
    sampled = {"pass@1": solved, "pass@8": 0.9}
    rest = {"greedy": 0.5, "tokens": tokens, "kv_bytes_per_token": 768}
    return {"seed": seed, "validation_loss": loss, "sampled": sampled, **rest}


def stored(folder, seeds, results):
    document = {
        "what": "ablation",
        "date": "2026-03-04",
        "hardware": {"cpu": "AMD EPYC 9354", "features": ["avx2"], "cores": 2, "gpu": None},
        "quiet": True,
        "configuration": {"threads": 2, "minutes": 2.0, "seeds": seeds, "problems": 128, "samples": 8},
        "results": {
            name: {"instead": instead, "active_parameters": 987904, "runs": [run(*one) for one in runs]}
            for name, instead, *runs in results
        },
    }
    (folder / "ablation_epyc_2026-03-04.json").write_text(json.dumps(document))


def test_the_page_is_current():
    assert ablation.PAGE.read_text(encoding="utf-8") == ablation.page(RESULTS)


def test_without_a_result_it_says_so(tmp_path):
    assert ablation.page(tmp_path) == ablation.HEAD + "\nNothing has been measured yet.\n"


def test_where_the_plain_choice_wins_the_page_says_so(tmp_path):
    stored(
        tmp_path,
        [0],
        [
            ("speedrun", "", (0, 0.5, 0.30, 1_000_000)),
            ("dense", "one dense network", (0, 0.45, 0.35, 1_500_000)),
            ("adamw", "AdamW", (0, 0.6, 0.1, 1_100_000)),
        ],
    )
    text = ablation.page(tmp_path)
    assert "| **speedrun** | 0.500 | 30.0 % | 50.0 % | 90.0 % | 1.00 M | 0.99 M | 768 B |" in text
    assert (
        "- **A mixture of experts.** The plain choice wins: dense (loss of dense -0.050, solved +5.0 points, tokens "
        "read +50 %, one seed)."
    ) in text
    assert (
        "- **Muon.** It pays: Muon against adamw (loss of adamw +0.100, solved -20.0 points, tokens read +10 %, one "
        "seed)."
    ) in text
    assert "One seed each: small differences mean nothing." in text


def test_a_difference_within_the_spread_of_the_seeds_is_none(tmp_path):
    stored(
        tmp_path,
        [0, 1],
        [
            ("speedrun", "", (0, 0.5, 0.3, 10**6), (1, 0.6, 0.3, 10**6)),
            ("gqa", "grouped", (0, 0.5, 0.3, 10**6), (1, 0.5, 0.4, 10**6)),
        ],
    )
    text = ablation.page(tmp_path)
    assert "- **Latent attention.** No difference beyond the spread of the seeds (loss of gqa -0.050" in text
    assert "One seed each" not in text


def test_variants_have_the_same_number_of_active_parameters():
    found = variants(1.0, 0)
    assert [one.name for one in found] == ["speedrun", "dense", "gqa", "mha", "no-mtp", "adamw"]
    sizes = [active(one.config.model) for one in found]
    assert sizes == pytest.approx([sizes[0]] * len(sizes), rel=0.01)
    kinds = [one.config.model.attention.kind for one in found]
    assert kinds == ["mla", "mla", "gqa", "gqa", "mla", "mla"]
    assert [one.config.model.moe is None for one in found] == [False, True, False, False, False, False]
    assert [one.config.model.num_mtp_layers for one in found] == [1, 1, 1, 1, 0, 1]
    assert [one.config.optim.muon is None for one in found] == [False] * 5 + [True]
    assert {(one.config.minutes, one.config.steps, one.config.seed) for one in found} == {(1.0, None, 0)}


def test_variants_beside_each_other_are_said_to_be():
    assert ablation.beside({"threads": 2}) == "2 threads"
    assert ablation.beside({"threads": 1, "at_a_time": 2}) == "one thread and 2 variants beside each other"
    assert ablation.beside({"threads": 1, "note": "beside a game"}) == "one thread, beside a game"


def test_the_processor_is_told_by_its_widest_arithmetic():
    told = {"cpu": "AMD EPYC", "cores": 2, "gpu": None}
    assert harness.slug(told | {"features": ["avx2", "fma"]}) == "amd-epyc-avx2-2c"
    assert harness.slug(told | {"features": ["avx2", "fma", "avx512f", "avx512_bf16"]}) == "amd-epyc-avx512-bf16-2c"
    assert harness.slug(told | {"features": []}) == "amd-epyc-2c"
