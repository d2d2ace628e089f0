"""The whole page, from directories as runs write them."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest
from html_page import parse_page
from made_runs import curriculum, speedrun, write_rl, write_run

from fathom.base.errors import ReportError
from fathom.report.content import RunReport
from fathom.report.discover import MAX_RUNS, find_runs
from fathom.report.page import render, write_report


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    root = speedrun(tmp_path_factory.mktemp("runs") / "speedrun", updates=400)
    return render(RunReport(find_runs([root]), "R1-Zero on a laptop"))


def test_the_sections_of_a_speedrun(page: str) -> None:
    titles = re.findall(r"<h2>(.*?)</h2>", page)
    assert titles == [
        "Goals and verdicts",
        "Results",
        "What reinforcement learning changed",
        "Pretraining",
        "Reinforcement learning",
        "Sampled completions",
        "Time and cost",
        "Runs",
    ]


def test_it_is_well_formed_and_says_what_was_trained(page: str) -> None:
    words = parse_page(page).words
    assert "The model has 2.21 M parameters, 992 K of them active per token, 4 layers of width 128" in words
    assert "AMD EPYC · 2 threads" in words
    assert "3 runs from 3 bases" in words


def test_nothing_is_loaded_from_anywhere(page: str) -> None:
    document = parse_page(page)
    for name, attributes in document.seen:
        assert name not in {"link", "img", "iframe", "object", "embed", "base", "use", "image"}
        assert not {key for key in attributes if key.startswith("on")} | {"src", "style"} & attributes.keys()
        assert (attributes.get("href") or "#").startswith("#")
    (policy,) = (one["content"] for one in document.attributes("meta") if one.get("http-equiv"))
    assert policy is not None
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for kind in ("style", "script"):
        (source,) = re.findall(rf"<{kind}>(.*?)</{kind}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy


def test_every_chart_has_a_name_and_scrolling_tables_are_reached_by_key(page: str) -> None:
    document = parse_page(page)
    drawings = document.attributes("svg")
    assert len(drawings) > 30
    assert all(one.get("aria-label") if one.get("role") == "img" else one.get("aria-hidden") for one in drawings)
    regions = [one for one in document.attributes("div") if one.get("class") == "scroll"]
    assert len(regions) == 3
    assert all(one["tabindex"] == "0" and one["aria-label"] for one in regions)


def test_time_and_cost_are_shown_by_variant(page: str) -> None:
    table = page[page.index('aria-label="Time and cost"') :]
    rows = [
        re.sub(r"<[^>]+>", " ", row).split()
        for row in re.findall(r"<tr>(.*?)</tr>", table[: table.index("</table>")], re.DOTALL)
    ]
    assert rows[1][:5] == ["base", "pretrain", "3", "400", "1.54"]
    assert rows[4][:3] == ["zero", "rl", "3"]
    assert rows[5][:2] == ["evaluations", "12"]
    assert rows[6][:2] == ["all", "24"]
    assert "From initialization to zero: 5\u00a0min 46\u00a0s of machine time. All runs: " in page


def test_what_a_teacher_answered_is_summarized(tmp_path: Path) -> None:
    traces = {
        "asked": 2400,
        "right": 0.75,
        "kept": 1700,
        "problems_kept": 512,
        "dropped": {"wrong": 600, "too long": 100},
    }
    lines = [{"kind": "traces", "step": 0, "seconds": 1, **traces}, {"kind": "train", "step": 1, "loss": 1.0}]
    page = render(RunReport(find_runs([write_run(tmp_path / "d", {"stage": "distill"}, lines)]), "x"))
    summary = "d: 2 400 answers of the teacher, 75.0 % correct; 1 700 of 512 problems kept."
    assert summary in page.replace("\u00a0", " ").replace("\u202f", " ")
    assert "Left out: 600 wrong and 100 too long." in page
    assert "<h2>Distillation</h2>" in page


def test_levels_and_what_is_beyond_the_base(tmp_path: Path) -> None:
    page = render(RunReport(find_runs([curriculum(tmp_path / "curriculum")]), "x"))
    assert "<h2>Beyond the base</h2>" in page
    assert "<b>Pass@1 on validation, by level</b>" in page
    assert ">four-12</th>" in page
    assert "[37.5, 67.1" in page


def test_the_description_of_a_recipe_is_shown(tmp_path: Path) -> None:
    root = speedrun(tmp_path / "speedrun", seeds=(1,), updates=50)
    facts = json.loads((root / "seed-1" / "continued" / "run.json").read_text())
    facts["config"]["description"] = "control: continued pretraining, same wall-clock"
    (root / "seed-1" / "continued" / "run.json").write_text(json.dumps(facts))
    assert (
        "continued control: continued pretraining, same wall-clock"
        in parse_page(render(RunReport(find_runs([root]), "x"))).words
    )


def test_the_same_files_give_the_same_page(tmp_path: Path) -> None:
    root = speedrun(tmp_path / "speedrun", seeds=(1,), updates=100)
    assert render(RunReport(find_runs([root]), "x")) == render(RunReport(find_runs([root]), "x"))


def test_it_stays_small_with_many_long_runs(tmp_path: Path) -> None:
    root = speedrun(tmp_path / "speedrun", seeds=range(6), updates=6000)
    assert len(render(RunReport(find_runs([root]), "x")).encode()) < 3_000_000


@pytest.mark.parametrize("text", ["<&>" * 600, "思" * 1800, "\u202e" * 1800, '"\n\\' * 600])
def test_it_stays_small_whatever_models_write(tmp_path: Path, text: str) -> None:
    member = {"text": text, "reward": 1, "correct": True, "detail": text, "length": 1800}
    line = json.dumps({"step": 0, "prompt": text, "completions": [member] * 8})
    for seed in range(5):
        place = write_rl(tmp_path / f"zero-{seed}", "base", seed=seed, steps=2)
        lines = [line.replace('"step": 0', f'"step": {step}') for step in range(30) for _ in range(4)]
        (place / "rollouts.jsonl").write_text("\n".join(lines) + "\n")
    page = render(RunReport(find_runs([tmp_path]), "x"))
    assert len(page.encode()) < 2_000_000
    assert page.count('<details class="browser"') == 5


def test_it_stays_small_with_as_many_runs_as_there_may_be(tmp_path: Path) -> None:
    lines = [{"kind": "train", "step": step, "loss": 1.0, "loads": {"r": [step, 1, 2]}} for step in range(20)]
    for place in range(MAX_RUNS):
        write_run(tmp_path / f"run-{place}", {"stage": "pretrain", "config": {"x": ["long"] * 4000}}, lines)
    assert len(render(RunReport(find_runs([tmp_path]), "x")).encode()) < 1_500_000
    write_run(tmp_path / "one-more", {}, lines)
    with pytest.raises(ReportError, match=r"201 runs, and a report takes 200"):
        find_runs([tmp_path])


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    root = speedrun(tmp_path / "speedrun", seeds=(1,), updates=100)
    with pytest.raises(ReportError, match=r"cannot be written: .*choose another --out"):
        write_report(RunReport(find_runs([root]), "x"), tmp_path / "no" / "report.html")
