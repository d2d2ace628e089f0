from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from made_runs import write_pretraining, write_rl
from typer.testing import CliRunner

from fathom.base.errors import ReportError
from fathom.cli.main import app
from fathom.cli.report import heading


def test_several_directories_become_one_file(tmp_path: Path) -> None:
    base, zero = (
        write_pretraining(tmp_path / "base", updates=50),
        write_rl(tmp_path / "zero", "runs/base/final", steps=3),
    )
    out = tmp_path / "report.html"
    done = CliRunner().invoke(app, ["report", str(base), str(zero), "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert done.output == f"{out}\n"
    assert "<h1>base, zero</h1>" in out.read_text(encoding="utf-8")


def test_the_title_and_the_goal_are_a_matter_of_choice(tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    place = str(write_pretraining(tmp_path / "base", updates=50))
    assert CliRunner().invoke(app, ["report", place, "--title", "A <b>", "--out", str(out)]).exit_code == 0
    assert "<h1>A &lt;b&gt;</h1>" in out.read_text(encoding="utf-8")
    assert CliRunner().invoke(app, ["report", place, "--goal", "1.5"]).exit_code == 2


def test_without_matplotlib_the_error_says_what_to_install(tmp_path: Path) -> None:
    place = write_pretraining(tmp_path / "base", updates=10)
    code = f"""
import sys
sys.modules["matplotlib"] = None
sys.argv = ["fathom", "report", {str(place)!r}]
from fathom.cli.main import main
main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "charts need matplotlib" in done.stderr
    assert "pip install 'fathom-lm[report]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_directory_without_a_run_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="holds no run"):
        CliRunner().invoke(app, ["report", str(tmp_path)], catch_exceptions=False)


def test_the_title_is_the_names_of_the_directories(tmp_path: Path) -> None:
    assert heading([tmp_path / "a", tmp_path / "b", tmp_path / "a"]) == "a, b"
    assert heading([Path("/")]) == "Training"
