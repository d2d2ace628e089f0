"""Files that a killed process cut short, that came from elsewhere, or that a model filled with arbitrary text."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from html_page import parse_page
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_runs import write_rl, write_run

from fathom.report.content import RunReport
from fathom.report.discover import find_runs
from fathom.report.page import render

NASTY = (
    "</script><script>alert(1)</script><img src=x onerror=alert(1)> &lt; \x1b[31mred\x00\x07 \ud800 \u202edne\u2028 ]]>"
)


def page_of(*places: Path) -> str:
    page = render(RunReport(find_runs(list(places)), "x"))
    page.encode("utf-8")  # no lone surrogate is left
    return page


def only_our_elements(page: str) -> None:
    document = parse_page(page)
    scripts = document.attributes("script")
    assert scripts[-1] == {}
    assert all(one == {"type": "application/json"} for one in scripts[:-1])
    assert not document.attributes("img")
    assert page.count("<script") == page.count("</script>") == len(scripts)
    assert "\x1b" not in page
    assert "\x00" not in page


def test_text_that_would_be_markup_stays_text(tmp_path: Path) -> None:
    place = write_rl(tmp_path / "zero", NASTY, steps=3)
    member = {"text": NASTY, "reward": 1.0, "correct": True, "detail": NASTY, "length": 5, "truncated": False}
    lines = [{"step": step, "prompt": NASTY, "completions": [member]} for step in (1, 2, 3)]
    (place / "rollouts.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    facts = json.loads((place / "run.json").read_text()) | {
        "name": NASTY,
        "findings": [NASTY],
        "device": NASTY,
        "versions": {NASTY: NASTY},
    }
    (place / "run.json").write_text(json.dumps(facts))
    page = page_of(place)
    only_our_elements(page)
    assert "␛[31mred␀␇ � ⟨U+202E⟩dne⟨U+2028⟩" in parse_page(page).words


def test_names_of_directories_are_text_too(tmp_path: Path) -> None:
    page = page_of(write_run(tmp_path / "<b>&'\"", {"stage": "<i>"}, [{"kind": "<u>", "step": 1, "loss": 1.0}]))
    only_our_elements(page)
    assert "<b>&'\"" in parse_page(page).words


def test_a_completion_of_a_megabyte_is_cut(tmp_path: Path) -> None:
    place = write_rl(tmp_path / "zero", "base", steps=3)
    member = {"text": "ab" * 500_000, "reward": 0, "correct": False, "detail": "d" * 10**6, "length": 10**6}
    line = {"step": 3, "prompt": "p" * 10**6, "completions": [member] * 3}
    (place / "rollouts.jsonl").write_text(json.dumps(line) + "\n")
    page = page_of(place)
    assert "998,200 characters left out" in parse_page(page).words
    assert len(page) < 150_000


def test_a_line_cut_short_and_broken_ones_are_counted(tmp_path: Path) -> None:
    place = write_rl(tmp_path / "zero", "base", steps=3)
    for name in ("metrics.jsonl", "rollouts.jsonl"):
        with (place / name).open("ab") as file:
            file.write(b'[1]\n\xff\xfe\n{"kind": "rl", "st')
    words = parse_page(page_of(place)).words
    assert "metrics.jsonl: 3 broken lines left out" in words
    assert "rollouts.jsonl: 3 broken lines left out" in words


def test_a_name_that_is_no_text_is_shown_as_far_as_it_is(tmp_path: Path) -> None:
    place = write_run(
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/r\xffn")), {}, [{"kind": "train", "step": 1, "loss": 1.0}]
    )
    assert "r\ufffdn" in parse_page(page_of(place)).words


@pytest.mark.parametrize(
    ("facts", "lines", "problem"),
    [
        (None, [{"kind": "train", "step": 1, "seconds": 1, "loss": 2.0}], "run.json is missing"),
        ({"stage": "pretrain"}, [], "nothing has been recorded yet"),
        ({}, [{"no": "kind"}], "nothing has been recorded yet"),
    ],
)
def test_what_is_missing_is_a_problem(tmp_path: Path, facts: dict | None, lines: list, problem: str) -> None:
    assert problem in parse_page(page_of(write_run(tmp_path / "run", facts, lines))).words


def test_a_run_without_metrics_or_with_a_broken_description(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "run.json").write_text("{}")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "run.json").write_text("[" * 100_000)
    words = parse_page(page_of(tmp_path)).words
    assert "metrics.jsonl is missing" in words
    assert "run.json is no JSON object" in words


@pytest.mark.parametrize("name", ["run.json", "metrics.jsonl"])
@pytest.mark.parametrize("kind", ["directory", "pipe"])
def test_something_else_in_the_place_of_a_file(tmp_path: Path, name: str, kind: str) -> None:
    place = write_run(tmp_path / "run", {"stage": "rl"}, [{"kind": "rl", "step": 1, "reward": 0.5}])
    (place / name).unlink()
    for one in (name, "rollouts.jsonl"):
        (place / one).mkdir() if kind == "directory" else os.mkfifo(place / one)
    assert f"{name} is no file" in parse_page(page_of(place)).words


WORDS = st.sampled_from(["pass@1", "a", "layers.1", "lines"])
NUMBERS = st.integers() | st.floats() | st.sampled_from([10**400, -1e308, 1e308, 5e-324])
ODD = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=5,
)


def some(keys: str, **more: st.SearchStrategy) -> st.SearchStrategy:
    """An object with any of these keys and anything in them."""
    return ODD | st.fixed_dictionaries({}, optional={**dict.fromkeys(keys.split(), ODD), **more})


KEYS = (
    *(
        "step",
        "seconds",
        "loss",
        "mtp_loss",
        "gradient_norm",
        "tokens",
        "tokens_per_second",
        "loads",
        "reward",
        "length",
    ),
    *("pass@1", "pass@8", "pass@999999999999", "error", "problems", "temperature", "split", "traces", "lenient"),
    *("sampled_tokens", "sampling_seconds", "validation_loss", "thought_right", "dead_experts"),
)
LINE = st.fixed_dictionaries(
    {"kind": st.sampled_from(["train", "rl", "gate", "evaluation", "validation", "measure"]) | ODD},
    optional=dict.fromkeys(
        KEYS,
        ODD,
    ),
)
CONFIG = some("seed gate task settings dollars_per_hour", start=st.sampled_from(["a/final", "b/final", "/"]) | ODD)
FACTS = st.fixed_dictionaries(
    {"stage": st.sampled_from(["pretrain", "rl", "measure", "sft"]) | ODD},
    optional={
        **dict.fromkeys(["name", "parameters", "active_parameters", "updates", "device"], ODD),
        **dict.fromkeys(["threads", "versions", "findings"], ODD),
        "config": CONFIG,
        "model": some("num_layers hidden_size attention moe"),
    },
)
ROLLOUT = st.fixed_dictionaries(
    {"step": ODD, "prompt": ODD},
    optional={"completions": ODD | st.lists(some("text reward correct detail length"), max_size=3)},
)
RUN = st.tuples(FACTS, st.lists(LINE, max_size=4), st.lists(ROLLOUT, max_size=3))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(RUN, min_size=1, max_size=3))
def test_no_content_of_these_files_is_too_much(tmp_path_factory: pytest.TempPathFactory, runs: list) -> None:
    root = tmp_path_factory.mktemp("odd")
    for name, (facts, lines, rollouts) in zip("abc", runs, strict=False):
        place = write_run(root / name, facts, lines)
        (place / "rollouts.jsonl").write_text("".join(json.dumps(line) + "\n" for line in rollouts), encoding="utf-8")
    only_our_elements(page_of(root))
