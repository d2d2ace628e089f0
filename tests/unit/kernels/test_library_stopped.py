from pathlib import Path

import pytest

from fathom.kernels.cpu import library


@pytest.mark.parametrize(
    "script",
    ["kill -9 $$", "echo 'g++: fatal error: Killed signal terminated program cc1plus' >&2; exit 1"],
    ids=["the compiler", "a part of it"],
)
def test_a_compiler_that_was_stopped_leaves_no_slower_library(script: str, tmp_path: Path) -> None:
    compiler = tmp_path / "c++"
    compiler.write_text(f'#!/bin/sh\n[ "$1" = --version ] && exit 0\ncase "$*" in *native*) {script};; esac\n')
    compiler.chmod(0o755)
    with pytest.raises(library.Unavailable, match="was stopped while it built the kernels"):
        library.build(str(compiler), tmp_path / "kernels")
    assert list((tmp_path / "kernels").iterdir()) == []
