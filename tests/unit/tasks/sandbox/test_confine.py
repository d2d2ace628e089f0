"""Confining a process: resource limits, layers, and nothing is run if one fails."""

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

import fathom
from fathom.tasks.sandbox import confine
from fathom.tasks.sandbox.sandbox import LAYERS

SOURCE = str(Path(fathom.__file__).parents[1])


def start(call: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    code = f"import sys; sys.path.insert(0, {SOURCE!r}); from fathom.tasks.sandbox import confine; confine.{call}"
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def settings(layers: list[str], program: str) -> str:
    given = {"open_files": 16, "cpu_seconds": 3, "memory_bytes": 2**30, "file_bytes": 0}
    given |= {"readable": ["/"], "writable": [], "layers": layers}
    return json.dumps(given | {"command": [sys.executable, "-c", program]})


def test_probe_prints_known_layers() -> None:
    assert set(json.loads(start("probe()").stdout)) <= set(LAYERS)


def test_limits_are_in_force_in_the_program() -> None:
    program = (
        "import resource as r; print([r.getrlimit(getattr(r, 'RLIMIT_' + n)) for n in "
        "('CORE', 'FSIZE', 'NOFILE', 'CPU', 'NPROC', 'AS')])"
    )
    done = start("main(sys.argv[1])", settings([], program))
    assert done.stdout == f"{[(0, 0), (0, 0), (16, 16), (3, 3), (0, 0), (2**30, 2**30)]}\n", done.stderr


def test_a_layer_that_is_missing_runs_nothing() -> None:
    done = start("main(sys.argv[1])", settings(["moat"], "print(1)"))
    assert (done.returncode, done.stdout) == (confine.REFUSED, "")
    assert done.stderr == "the sandbox layer 'moat' could not be applied\n"


def test_a_limit_is_never_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    applied: list[tuple[int, tuple[int, int]]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (5, 10))
    monkeypatch.setattr(resource, "setrlimit", lambda kind, limits: applied.append((kind, limits)))
    confine._limit(resource.RLIMIT_CPU, 99)
    confine._limit(resource.RLIMIT_CPU, 3)
    assert applied == [(resource.RLIMIT_CPU, (10, 10)), (resource.RLIMIT_CPU, (3, 3))]
