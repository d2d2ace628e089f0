"""What is generated is current, and the generators write what they should."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from markdown_files import ROOT

from benchmarks import tables


def generate(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "docs" / "generate.py"), *arguments]
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=120)


def test_the_reference_is_current() -> None:
    done = generate("--check")
    assert done.returncode == 0, done.stderr


def test_the_readme_and_the_benchmarks_page_show_the_stored_numbers() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert tables.replace(text, tables.summary(tables.RESULTS)) == text
    assert tables.PAGE.read_text(encoding="utf-8") == tables.page(tables.RESULTS)


def test_the_readme_has_one_table_of_numbers_with_a_range_over_hosts(tmp_path: Path) -> None:
    for date, features, ours, theirs in (("2026-01-02", ["avx2"], 1200, 1000), ("2026-01-03", ["avx512f"], 3000, 1200)):
        hardware = {"cpu": "AMD EPYC", "features": features, "cores": 2, "gpu": None}
        rates = {
            "fathom moe float32": ours,
            "fathom dense float32": 9 * ours,
            "transformers moe float32, eager": 10,
            "transformers moe float32, compiled": theirs,
        }
        engines = {name: {"tokens_per_s": rate} for name, rate in rates.items()}
        store(tmp_path, "training", date, hardware=hardware, results={"engines": engines})
    text = tables.summary(tmp_path)
    assert (
        "| training a small DeepSeek-V3, float32, tokens/s | 3000 / 1200 | 1200 / 1000 (transformers) | 1.20–2.50× |"
        in text
    )
    assert "Hosts: AMD EPYC AVX512 / AMD EPYC AVX2;" in text
    assert text.count("|---|") == 1


def store(folder: Path, what: str, date: str, **more: Any) -> None:
    document = {
        "what": what,
        "date": date,
        "hardware": {"cpu": "AMD EPYC 9354", "features": [], "cores": 2, "gpu": None},
        "quiet": True,
        **more,
    }
    (folder / f"{what}_epyc_{date}.json").write_text(json.dumps(document))


def test_the_newest_result_counts(tmp_path: Path) -> None:
    for date, seconds in (("2026-01-02", 9.0), ("2026-03-04", 0.42)):
        results = {"first_page_s": seconds, "ready_s": 1.26, "first_token_s": 1.31, "rss_bytes": 512_000_000}
        store(tmp_path, "startup", date, results=results)
    assert (
        "## Start\n\n"
        "From starting `fathom serve` (AMD EPYC 9354, 2 cores; 2026-03-04):\n\n"
        "| | |\n|---|--:|\n"
        "| first page | 0.4 s |\n"
        "| model ready | 1.3 s |\n"
        "| first token of the first answer | 1.3 s |\n"
        "| resident memory | 512 MB |\n"
    ) in tables.page(tmp_path)


def test_peers_are_compared_on_every_kind_of_processor(tmp_path: Path) -> None:
    configuration = {"rows": 8, "length": 256, "threads": 2}
    for date, features, rate in (
        ("2026-01-02", ["avx2"], 1000),
        ("2026-01-03", ["avx512f"], 3000),
        ("2026-01-04", ["avx2"], 2000),
    ):
        hardware = {"cpu": "AMD EPYC", "features": features, "cores": 2, "gpu": None}
        entry = {"tokens_per_s": rate, "first_loss": 8.3, "peak_rss_bytes": 900_000_000}
        results = {"engines": {"fathom moe float32": entry}}
        store(tmp_path, "training", date, hardware=hardware, configuration=configuration, results=results)
    shown = tables.page(tmp_path)
    assert "| 1000 |" not in shown
    assert shown.index("AVX2, 2 cores; 2026-01-04") < shown.index("| 2000 |") < shown.index("| 3000 |")


def test_throughput_becomes_one_table(tmp_path: Path) -> None:
    def entry(prefill: float, one: float, many: float) -> dict[str, Any]:
        return {
            "prefill_tokens_per_s": prefill,
            "decode_tokens_per_s": {"1": one, "8": many},
            "rss_bytes": 700_400_000,
        }

    store(
        tmp_path,
        "decode",
        "2026-03-04",
        quiet=False,
        configuration={"batches": [1, 8], "prefill": 512, "threads": 2},
        results={"engines": {"fathom auto": entry(900.4, 80, 300), "transformers bfloat16": entry(882, 21, 116)}},
    )
    assert (
        "Tokens per second on SmolLM2-135M, 2 threads, in one run "
        "(AMD EPYC 9354, 2 cores; 2026-03-04; the machine was not quiet):\n\n"
        "| | prefill 512 | decode ×1 | decode ×8 | resident |\n"
        "|---|--:|--:|--:|--:|\n"
        "| **fathom auto** | 900 | 80 | 300 | 700 MB |\n"
        "| transformers bfloat16 | 882 | 21 | 116 | 700 MB |\n"
    ) in tables.page(tmp_path)


def test_agreement_becomes_one_line(tmp_path: Path) -> None:
    results = {"F32": {"agree_throughout": 19, "prompts": 20}}
    store(tmp_path, "llamacpp-agreement", "2026-03-04", configuration={"count": 32}, results=results)
    assert "at least 32 tokens on 19 of 20 prompts" in tables.page(tmp_path)


def test_without_results_nothing_is_claimed(tmp_path: Path) -> None:
    assert tables.page(tmp_path).endswith("Nothing has been measured yet: `make bench` does it.\n")


def test_the_markers_must_be_there_once() -> None:
    assert (
        tables.replace(f"a\n{tables.BEGIN}\nold\n{tables.END}\nb", "new") == f"a\n{tables.BEGIN}\nnew\n{tables.END}\nb"
    )
    with pytest.raises(SystemExit, match="exactly one pair of markers"):
        tables.replace("no markers", "new")


def test_a_step_of_grpo_becomes_a_table(tmp_path: Path) -> None:
    def side(step: float, generation: float, rate: float) -> dict[str, float]:
        return {"step_s": step, "generation_s": generation, "generated_tokens_per_s": rate, "peak_rss_bytes": 1.5e9}

    store(
        tmp_path,
        "grpo",
        "2026-03-04",
        configuration={"prompts": ["a", "b"], "group": 8, "tokens": 64, "threads": 2},
        results={"deepseek float32": {"fathom": side(3.04, 1.0, 1024.0), "trl": side(16.8, 5.7, 179.6)}},
    )
    assert tables.page(tmp_path).endswith(
        "(AMD EPYC 9354, 2 cores; 2026-03-04):\n\n"
        "| | s/step | generated tokens/s | update, s | peak |\n|---|--:|--:|--:|--:|\n"
        "| **fathom, deepseek float32** | 3.0 | 1024 | 2.0 | 1500 MB |\n"
        "| trl, deepseek float32 | 16.8 | 180 | 11.1 | 1500 MB |\n"
    )


def test_seeds_and_controls_become_means_with_their_spread(tmp_path: Path) -> None:
    def run(seed: int, minutes: float, *shares: float) -> dict[str, Any]:
        lines = zip((1.0, 0.6, 0.0), shares, strict=True)
        test = [{"temperature": heat, "pass@1": share, "problems": 256} for heat, share in lines]
        return {"seed": seed, "minutes": minutes, "test": test}

    arms = {
        "base": [run(0, 20.0, 0.36, 0.47, 0.84)],
        "rejection": [],
        "zero": [run(0, 8.0, 0.86, 0.90, 0.88), run(1, 8.2, 0.88, 0.91, 0.88), run(2, 8.4, 0.84, 0.92, 0.88)],
    }
    store(tmp_path, "controls", "2026-03-04", results={"arms": arms, "gates": []})
    head, *rows = tables.page(tmp_path).rstrip().split("\n| ")
    assert "Percent right of 256 held-out problems" in head
    assert rows[1:] == [
        "base model | 36.0 | 47.0 | 84.0 |  |",
        "**reinforcement learning alone** | 86.0 ± 2.0 | 91.0 ± 1.0 | 88.0 ± 0.0 | 8.2 |",
    ]
