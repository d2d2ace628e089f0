"""The models of a machine: where they are looked for, what they are called, which are left out."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_models import local_model, make_directory

from fathom.checkpoint.hub.registry import EMBEDDED
from fathom.checkpoint.resolve import INCOMPLETE, find_embedded
from fathom.server.models import local
from fathom.server.models.local import LocalRoots, find_local


def make(directory: Path, *, done: bool = True) -> None:
    make_directory(directory)
    if not done:
        (directory / INCOMPLETE).touch()


@pytest.fixture
def roots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalRoots:
    monkeypatch.chdir(tmp_path)
    return LocalRoots(tmp_path / "pulled", tmp_path / "own", tmp_path / "hub", Path("runs"))


def test_the_embedded_model_alone(roots: LocalRoots):
    models = find_local(roots)
    assert list(models) == [EMBEDDED]
    assert models[EMBEDDED].path == find_embedded()


def test_every_place(roots: LocalRoots, tmp_path: Path):
    make(roots.pulled / "Qwen--Qwen3-0.6B")
    make(roots.pulled / "someone--finetune")
    make(roots.pulled / "Qwen--Qwen3-1.7B", done=False)
    make(roots.own / "mine")
    make(roots.hub_cache / "models--org--cached" / "snapshots" / "abc")
    (roots.hub_cache / "models--org--cached" / "refs").mkdir()
    (roots.hub_cache / "models--org--cached" / "refs" / "main").write_text("abc\n")
    make(roots.hub_cache / "models--org--without-refs" / "snapshots" / "def")
    make(roots.hub_cache / "datasets--org--data" / "snapshots" / "abc")
    make(tmp_path / "runs" / "speedrun" / "rl" / "final")
    make(tmp_path / "runs" / "a" / "b" / "c" / "d" / "final")  # too deep
    make(tmp_path / "runs" / "sft" / "checkpoints")
    found = {name: model.origin for name, model in find_local(roots).items()}
    assert found == {
        EMBEDDED: "embedded",
        "qwen3-0.6b": "pulled",
        "someone/finetune": "pulled",
        "mine": "own",
        "org/cached": "hub_cache",
        "org/without-refs": "hub_cache",
        "runs/speedrun/rl/final": "run",
    }


def test_a_file_of_ones_own(roots: LocalRoots):
    roots.own.mkdir()
    (roots.own / "small.gguf").write_bytes(find_embedded().read_bytes()[:1000])  # broken
    (roots.own / "notes.txt").touch()
    (roots.own / "link.gguf").symlink_to(find_embedded())
    assert set(find_local(roots)) == {EMBEDDED, "link"}


def test_the_first_of_two_names_counts(roots: LocalRoots):
    make(roots.pulled / "org--same")
    make(roots.hub_cache / "models--org--same" / "snapshots" / "abc")
    assert find_local(roots)["org/same"].origin == "pulled"


def test_a_link_that_leads_in_a_circle(roots: LocalRoots, tmp_path: Path):
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "again").symlink_to(tmp_path / "runs")
    assert list(find_local(roots)) == [EMBEDDED]


def test_without_the_embedded_model(roots: LocalRoots, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(local, "find_embedded", lambda: find_embedded("no-such-package"))
    assert find_local(roots) == {}


def test_the_memory_that_a_model_takes():
    assert local_model("m", gigabytes=1).memory_bytes == 1_450_000_000


def test_the_places_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("FATHOM_HOME", str(tmp_path))
    roots = LocalRoots.of_machine(tmp_path / "data", Path("runs"))
    assert (roots.pulled, roots.own) == (tmp_path / "cache" / "models", tmp_path / "data" / "models")
