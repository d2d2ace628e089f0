from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import fathom
from fathom.base.lock import BusyError, exclusive

fcntl = pytest.importorskip("fcntl") if sys.platform != "win32" else None

HOLD = """
import sys, time
from pathlib import Path
from fathom.base.lock import exclusive
with exclusive(Path(sys.argv[1]), "the place"):
    print("held", flush=True)
    time.sleep(600)
"""


def test_the_error_names_the_holder(tmp_path: Path) -> None:
    path = tmp_path / "new" / "lock"
    with exclusive(path, "the place"):
        with (
            pytest.raises(BusyError, match=f"process {os.getpid()} on {socket.gethostname()} works in the place"),
            exclusive(path, "the place"),
        ):
            pass
        assert path.exists()  # the one that failed removed nothing
    assert not list(path.parent.iterdir())


def test_one_after_another(tmp_path: Path) -> None:
    for _ in range(2):
        with exclusive(tmp_path / "lock", "the place"):
            pass


def test_an_error_releases_the_lock(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), exclusive(tmp_path / "lock", "the place"):
        raise ZeroDivisionError
    with exclusive(tmp_path / "lock", "the place"):
        pass


def test_a_killed_holder_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    env = {**os.environ, "PYTHONPATH": str(Path(fathom.__file__).parents[1])}
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], env=env, stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    with pytest.raises(BusyError, match=f"process {holder.pid} "), exclusive(path, "the place"):
        pass
    holder.send_signal(signal.SIGKILL)
    holder.communicate()
    assert path.exists()
    with exclusive(path, "the place"):
        assert path.with_name("lock-holder").read_text().startswith(f"{os.getpid()} ")


@pytest.mark.skipif(sys.platform == "win32", reason="flock is what fails here")
def test_a_file_system_without_locks_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", refuse)
    heard: list[str] = []
    with exclusive(tmp_path / "lock", "the place", lambda what, _: heard.append(what)):
        pass
    assert heard == [
        "the place cannot be locked (Operation not supported): make sure that no other process writes there"
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="an open file cannot be removed there")
def test_a_file_that_was_removed_meanwhile_is_no_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "lock"
    flock, calls = fcntl.flock, []

    def late(file: object, operation: int) -> None:
        if not calls:
            path.unlink()  # the holder leaves between our opening and our locking
        calls.append(operation)
        flock(file, operation)

    monkeypatch.setattr(fcntl, "flock", late)
    with exclusive(path, "the place"):
        assert len(calls) >= 2
        assert path.exists()
        with pytest.raises(BusyError), exclusive(path, "the place"):
            pass
