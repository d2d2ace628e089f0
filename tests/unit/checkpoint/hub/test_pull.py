"""Pulling from a hub on this machine: what is fetched, what is resumed, and what each failure says."""

import errno
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fake_hub import COMMIT, FakeHub, serve
from filelock import FileLock

from fathom.base.errors import CheckpointError, FathomError, ModelNotFoundError
from fathom.checkpoint.hub import pull as hub_module
from fathom.checkpoint.hub import registry
from fathom.checkpoint.hub.pull import pull
from fathom.checkpoint.hub.registry import RECOMMENDED
from fathom.checkpoint.resolve import pulled_dir, received_bytes, resolve

WEIGHTS = bytes(range(256)) * 40
REPOS = {
    "org/tensors": {
        "config.json": b'{"a": 1}',
        "tokenizer.json": b"{}",
        "modeling_custom.py": b"raise SystemExit",
        "pytorch_model.bin": b"pickled",
        "model.safetensors": WEIGHTS,
        "README.md": b"# card",
        ".gitattributes": b"x",
        "original/consolidated.safetensors": b"other",
    },
    "org/ggufs": {
        "m-Q4_K_M.gguf": b"GGUF4",
        "m-Q8_0-00001-of-00002.gguf": b"GGUF8a",
        "m-Q8_0-00002-of-00002.gguf": b"GGUF8b",
        "config.json": b"{}",
    },
    "org/pickled": {"config.json": b"{}", "pytorch_model.bin": b"pickled"},
    "org/nothing": {"README.md": b"# soon"},
}


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    monkeypatch.setenv("FATHOM_HOME", str(tmp_path))
    with serve(FakeHub({repo: dict(files) for repo, files in REPOS.items()}, gated={"org/gated"})) as running:
        yield running


def fetch(hub: FakeHub, name: str, **options: Any) -> Path:
    return pull(name, endpoint=hub.url, pause=lambda _: None, **options)


def test_weights_and_their_data_are_fetched_and_neither_code_nor_pickles(hub: FakeHub) -> None:
    said: list[tuple[str, float | None]] = []

    path = fetch(hub, "org/tensors", progress=lambda what, fraction: said.append((what, fraction)))

    names = {file.name for file in path.iterdir() if not file.name.startswith(".")}
    assert names == {"config.json", "tokenizer.json", "model.safetensors", "README.md"}
    assert (path / "model.safetensors").read_bytes() == WEIGHTS
    fractions = [fraction for _, fraction in said if fraction is not None]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0


def test_a_second_pull_fetches_only_what_changed(hub: FakeHub) -> None:
    fetch(hub, "org/tensors")
    hub.ranges.clear()
    hub.repos["org/tensors"]["config.json"] = b'{"a": 2}'

    path = fetch(hub, "org/tensors")

    assert hub.ranges == [("config.json", None)]
    assert json.loads((path / "config.json").read_text()) == {"a": 2}


def test_a_broken_transfer_goes_on_where_it_stopped(hub: FakeHub) -> None:
    hub.cut_after = 4000

    path = fetch(hub, "org/tensors")

    assert (path / "model.safetensors").read_bytes() == WEIGHTS
    asked = [asked for name, asked in hub.ranges if name == "model.safetensors"]
    assert asked == [None, "bytes=4000-", "bytes=8000-"]


def test_a_later_process_goes_on_where_the_first_stopped(hub: FakeHub) -> None:
    hub.cut_after = 4000

    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pull("org/tensors", endpoint=hub.url, pause=interrupt)
    hub.cut_after = None
    hub.ranges.clear()
    path = fetch(hub, "org/tensors")

    assert hub.ranges == [("model.safetensors", "bytes=4000-")]
    assert (path / "model.safetensors").read_bytes() == WEIGHTS
    assert not list(path.glob("*.partial"))


def test_what_is_fetched_only_in_part_is_not_opened(hub: FakeHub) -> None:
    hub.cut_after = 4000
    with pytest.raises(KeyboardInterrupt):
        pull("org/tensors", endpoint=hub.url, pause=lambda _: (_ for _ in ()).throw(KeyboardInterrupt))

    assert received_bytes("org/tensors") == 4000 + sum(
        len(content)
        for name, content in REPOS["org/tensors"].items()
        if name in ("config.json", "tokenizer.json", "README.md")
    )
    with pytest.raises(ModelNotFoundError, match=r"fetched only in part; fetch the rest: fathom pull org/tensors"):
        resolve("org/tensors")

    hub.cut_after = None
    path = fetch(hub, "org/tensors")
    assert (resolve("org/tensors").path, received_bytes("org/tensors")) == (path, 0)


def test_two_processes_do_not_fetch_the_same(hub: FakeHub) -> None:
    directory = pulled_dir("org/tensors")
    directory.mkdir(parents=True)
    with FileLock(directory / ".fathom-pull.lock"), pytest.raises(CheckpointError, match="another process is fetching"):
        fetch(hub, "org/tensors")
    fetch(hub, "org/tensors")


def test_a_recommended_model_comes_in_the_revision_that_was_checked(
    hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = replace(RECOMMENDED["qwen3-0.6b"], repo="org/tensors", revision=COMMIT)
    monkeypatch.setattr(registry, "RECOMMENDED", {"qwen3-0.6b": entry})
    assert (fetch(hub, "qwen3-0.6b") / "model.safetensors").read_bytes() == WEIGHTS
    monkeypatch.setattr(registry, "RECOMMENDED", {"qwen3-0.6b": replace(entry, revision="f" * 40)})
    with pytest.raises(ModelNotFoundError, match=r"no longer has the revision f+, which .*: fathom pull org/tensors"):
        fetch(hub, "qwen3-0.6b")


def test_a_server_that_knows_no_ranges_starts_over(hub: FakeHub) -> None:
    hub.cut_after, hub.ignore_ranges = 4000, True
    with pytest.raises(CheckpointError, match="continues where it stopped"):
        fetch(hub, "org/tensors")

    hub.cut_after = None
    assert (fetch(hub, "org/tensors") / "model.safetensors").read_bytes() == WEIGHTS


def test_a_part_of_another_revision_is_not_continued(hub: FakeHub) -> None:
    hub.cut_after = 4000
    with pytest.raises(KeyboardInterrupt):
        pull("org/tensors", endpoint=hub.url, pause=lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
    hub.cut_after = None
    hub.repos["org/tensors"]["model.safetensors"] = WEIGHTS[::-1]

    path = fetch(hub, "org/tensors")

    assert (path / "model.safetensors").read_bytes() == WEIGHTS[::-1]
    assert not list(path.glob("*.partial"))


def test_damaged_bytes_are_deleted(hub: FakeHub) -> None:
    hub.garble = True
    with pytest.raises(
        CheckpointError, match=r"arrived damaged, and was deleted; fetch it again: fathom pull org/ggufs:q4"
    ):
        fetch(hub, "org/ggufs:q4")
    assert not list(Path(hub_module.pulled_dir("org/ggufs:q4")).glob("*.gguf*"))


def test_one_of_several_ggufs_is_picked_by_its_variant(hub: FakeHub) -> None:
    assert fetch(hub, "org/ggufs:Q4_K_M").name == "m-Q4_K_M.gguf"
    assert fetch(hub, "org/ggufs:Q8_0").name == "m-Q8_0-00001-of-00002.gguf"


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        (
            "org/ggufs",
            ModelNotFoundError,
            r"has 2 GGUF models; add a part of a name .* there are m-Q4_K_M \(5 B\), m-Q8",
        ),
        ("org/ggufs:Q2_K", ModelNotFoundError, "has no GGUF file for 'Q2_K'; add a part"),
        (
            "org/pickled",
            CheckpointError,
            r"only pickled weights \(pytorch_model.bin\).*; choose an edition in safetensors",
        ),
        ("org/nothing", ModelNotFoundError, "holds neither safetensors nor GGUF; choose another"),
        (
            "org/absent",
            ModelNotFoundError,
            "the hub has no model 'org/absent', or it is private; check the spelling, or",
        ),
        ("org/gated", ModelNotFoundError, "open only to those who accepted its licence; accept it at https"),
        ("not a name", ModelNotFoundError, "'not a name' is no name of a model; check the spelling"),
    ],
)
def test_what_cannot_be_fetched(hub: FakeHub, name: str, kind: type[FathomError], message: str) -> None:
    with pytest.raises(kind, match=message):
        fetch(hub, name)


def test_nobody_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FATHOM_HOME", str(tmp_path))
    with pytest.raises(
        CheckpointError, match=r"cannot be reached.*; check the connection.*offline, the embedded model"
    ):
        pull("org/tensors", endpoint="http://127.0.0.1:9", pause=lambda _: None)


def test_a_disk_too_small_is_said_before_anything_is_fetched(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(100, 90, 10))
    with pytest.raises(
        CheckpointError, match=r"needs 10.3 KB more, .* has 10 B free; free some space, or set FATHOM_HOME"
    ):
        fetch(hub, "org/tensors")
    assert hub.ranges == []


def test_a_disk_that_fills_up_on_the_way(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(hub_module, "_receive", full)
    with pytest.raises(CheckpointError, match=r"the disk under .* is full; free some space, .*; then pull again"):
        fetch(hub, "org/tensors")


def test_offline_mode(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.utils._http._GLOBAL_CLIENT", None)
    with pytest.raises(CheckpointError, match="HF_HUB_OFFLINE is set; unset it, or name a local path"):
        fetch(hub, "org/tensors")


def test_the_embedded_model_needs_no_pull(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(hub_module, "find_embedded", lambda: tmp_path / "x.gguf")
    assert pull("smollm2", endpoint="http://127.0.0.1:9") == tmp_path / "x.gguf"
