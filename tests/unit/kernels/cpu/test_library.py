"""Building the C++ library: once, by several processes at a time, and with the reference where it fails."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from compiler import require_kernels

from fathom.kernels.cpu import library

SOURCE = Path(__file__).parents[4] / "src"

PROBE = """
import torch
from fathom.kernels.cpu.library import status
from fathom.kernels.formats.matrix import dense
from fathom.kernels.matmul import quantized_linear
out = quantized_linear(torch.ones(1, 32), dense(torch.ones(2, 32)))
assert out.tolist() == [[32.0, 32.0]]
print(status().path is not None, status().reason)
"""


def run(**environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", PROBE],
        env={**os.environ, "PYTHONPATH": str(SOURCE), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return out.strip()


def test_without_a_compiler_the_reference_serves(tmp_path):
    out = finish(run(PATH=str(tmp_path), CXX="", FATHOM_HOME=str(tmp_path)))
    assert out == "False no C++ compiler on the PATH (looked for g++, c++, clang++)"


def test_a_broken_compiler_is_reported_and_the_reference_serves(tmp_path):
    compiler = tmp_path / "g++"
    compiler.write_text("#!/bin/sh\necho 'x.cpp:1: error: no such machine' >&2\nexit 1\n")
    compiler.chmod(compiler.stat().st_mode | stat.S_IXUSR)
    out = finish(run(CXX=str(compiler), FATHOM_HOME=str(tmp_path)))
    assert out == f"False {compiler} failed: x.cpp:1: error: no such machine"


def test_the_environment_selects_the_reference():
    assert finish(run(FATHOM_KERNELS="ref")) == "False FATHOM_KERNELS=ref asks for the reference"


def test_a_cache_that_cannot_be_written_is_reported(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    out = finish(run(FATHOM_HOME=str(blocked)))
    assert out.startswith("False ")
    assert str(blocked) in out


@pytest.mark.usefixtures("kernels")
class TestWithACompiler:
    def test_two_processes_may_build_at_once(self, tmp_path):
        compiler = tmp_path / "g++"  # the same one, in a hurry
        compiler.write_text(f'#!/bin/sh\nexec {library.status().compiler} "$@" -O0\n')
        compiler.chmod(compiler.stat().st_mode | stat.S_IXUSR)
        both = [run(CXX=str(compiler), FATHOM_HOME=str(tmp_path)) for _ in range(2)]
        assert [finish(process) for process in both] == ["True", "True"]
        assert [path.suffix for path in (tmp_path / "cache" / "kernels").iterdir()] == [".so"]

    def test_a_built_library_is_used_again(self, tmp_path):
        built = library.status().path
        assert built is not None
        assert library.build(library.status().compiler, built.parent) == built


@pytest.mark.parametrize(
    "script",
    ["kill -9 $$", "echo 'g++: fatal error: Killed signal terminated program cc1plus' >&2; exit 1"],
    ids=["the compiler", "a part of it"],
)
def test_a_killed_compiler_leaves_no_slower_library(script: str, tmp_path: Path) -> None:
    compiler = tmp_path / "c++"
    compiler.write_text(f'#!/bin/sh\n[ "$1" = --version ] && exit 0\ncase "$*" in *native*) {script};; esac\n')
    compiler.chmod(0o755)
    with pytest.raises(library.Unavailable, match="was stopped while it built the kernels"):
        library.build(str(compiler), tmp_path / "kernels")
    assert list((tmp_path / "kernels").iterdir()) == []


@pytest.mark.parametrize(("ci", "outcome"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)])
def test_tests_of_kernels_fail_in_ci_where_there_is_no_compiler(ci, outcome, monkeypatch) -> None:
    monkeypatch.setattr(library, "status", lambda: library.BuildStatus(None, reason="no C++ compiler on the PATH"))
    monkeypatch.setenv("CI", ci)
    with pytest.raises(outcome, match=r"the compiled kernels are not tested: no C\+\+ compiler"):
        require_kernels()
