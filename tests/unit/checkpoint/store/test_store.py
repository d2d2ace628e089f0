from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

import fathom
from fathom.base.errors import CheckpointError
from fathom.checkpoint.store import store as module
from fathom.checkpoint.store.store import Store, check

STATE: dict[str, Any] = {"model": {"w": torch.arange(6.0).view(2, 3)}, "seen": [1, 2], "at": (3, None)}


def saved(tmp_path: Path, *steps: int, keep: int = 3) -> Store:
    store = Store(tmp_path, keep=keep)
    for step in steps:
        store.save(step, {"seed": 1}, {**STATE, "step": step})
    return store


def folders(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "checkpoints").iterdir())


def test_what_is_saved_is_read(tmp_path: Path) -> None:
    latest = saved(tmp_path, 7).latest()
    assert latest is not None
    assert (latest.step, latest.config, latest.version) == (7, {"seed": 1}, fathom.__version__)
    state = latest.read()
    assert torch.equal(state["model"]["w"], STATE["model"]["w"])
    assert (state["seen"], state["at"], state["step"]) == ([1, 2], (3, None), 7)


def test_it_says_what_it_is(tmp_path: Path) -> None:
    saved(tmp_path, 7)
    manifest = json.loads((tmp_path / "checkpoints/step-00000007/manifest.json").read_text())
    assert list(manifest) == ["format", "step", "version", "torch", "config", "files"]
    assert sorted(manifest["files"]) == ["state.json", "state.safetensors"]


def test_the_newest_are_kept(tmp_path: Path) -> None:
    saved(tmp_path, 2, 10, 9, 11, keep=2)
    assert folders(tmp_path) == ["step-00000010", "step-00000011"]


def test_views_of_one_memory_are_stored_apart(tmp_path: Path) -> None:
    whole = torch.arange(4.0)
    store = Store(tmp_path)
    store.save(1, {}, {"a": whole[:2], "b": whole[2:], "c": whole})
    latest = store.latest()
    assert latest is not None
    assert latest.read()["b"].tolist() == [2.0, 3.0]


def test_nothing_saved_is_nothing_found(tmp_path: Path) -> None:
    assert Store(tmp_path).latest() is None


@pytest.mark.parametrize("name", ["state.safetensors", "state.json", "manifest.json"])
@pytest.mark.parametrize("damage", ["cut", "flip", "gone", "empty"])
def test_a_damaged_checkpoint_is_passed_over_and_named(tmp_path: Path, name: str, damage: str) -> None:
    saved(tmp_path, 1, 2)
    file = tmp_path / "checkpoints/step-00000002" / name
    data = file.read_bytes()
    if damage == "gone":
        file.unlink()
    elif damage == "flip":
        place = data.index(b"sha256") if name == "manifest.json" else len(data) - 3
        file.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
    else:
        file.write_bytes(data[: len(data) // 2] if damage == "cut" else b"")
    told: list[str] = []
    latest = Store(tmp_path, report=lambda what, _: told.append(what)).latest()
    assert latest is not None
    assert latest.step == 1
    assert len(told) == 1
    assert "passed over" in told[0]
    assert "step-00000002" in told[0]


def test_another_format_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FORMAT", 2)
    saved(tmp_path, 1)
    monkeypatch.undo()
    with pytest.raises(CheckpointError, match="has format 2, and this version reads 1"):
        check(tmp_path / "checkpoints/step-00000001")


def test_a_half_written_checkpoint_is_no_checkpoint(tmp_path: Path) -> None:
    store = saved(tmp_path, 1)
    half = tmp_path / "checkpoints/.unfinished-00000002-99"
    half.mkdir()
    (half / "state.safetensors").write_bytes(b"half")
    latest = store.latest()
    assert latest is not None
    assert latest.step == 1
    store.clean()
    assert folders(tmp_path) == ["step-00000001"]


@pytest.mark.parametrize("part", ["_write_text", "_flush", "write_safetensors"])
def test_a_full_disk_leaves_the_previous_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    store = saved(tmp_path, 1)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(module, part, full)
    message = "step 2 cannot be written: .*No space left on device; that of step 1 is intact; free some space"
    with pytest.raises(CheckpointError, match=message):
        store.save(2, {}, STATE)
    monkeypatch.undo()
    assert folders(tmp_path) == ["step-00000001"]
    latest = store.latest()
    assert latest is not None
    assert latest.step == 1


def test_a_disk_that_really_refuses(tmp_path: Path) -> None:
    """The operating system stops the file at 64 KB, in the middle of the tensors."""
    saved(tmp_path, 1)
    code = (
        "import resource, sys, torch\n"
        "from pathlib import Path\n"
        "from fathom.checkpoint.store.store import Store\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))\n"
        "Store(Path(sys.argv[1])).save(2, {}, {'w': torch.zeros(100_000)})\n"
    )
    env = {**os.environ, "PYTHONPATH": str(Path(fathom.__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], env=env, capture_output=True, text=True, check=False, timeout=60
    )
    assert "CheckpointError: the checkpoint of step 2 cannot be written" in done.stderr
    assert "that of step 1 is intact" in done.stderr
    assert folders(tmp_path) == ["step-00000001"]


def test_the_first_checkpoint_may_fail_too(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").write_text("a file where the directory belongs")
    with pytest.raises(CheckpointError, match="there is no earlier one"):
        Store(tmp_path).save(1, {}, STATE)


def test_the_same_step_again_replaces_it(tmp_path: Path) -> None:
    store = saved(tmp_path, 1)
    store.save(1, {"seed": 2}, STATE)
    latest = store.latest()
    assert latest is not None
    assert latest.config == {"seed": 2}


def test_at_least_one_is_kept(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least one"):
        Store(tmp_path, keep=0)
