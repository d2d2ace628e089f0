from pathlib import Path

import pytest
from typer.testing import CliRunner

from fathom.base.errors import CheckpointError
from fathom.base.progress import Report
from fathom.checkpoint.hub import pull as hub
from fathom.checkpoint.hub import registry
from fathom.cli.main import app
from fathom.cli.pull import announcement, is_here


@pytest.fixture(autouse=True)
def _own_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FATHOM_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")


def test_without_a_name_it_lists_what_there_is() -> None:
    result = CliRunner().invoke(app, ["pull"])
    assert result.exit_code == 0, result.exception
    rows = result.stdout.splitlines()
    assert rows[0].split() == ["name", "download", "memory", "purpose", "(licence)"]
    assert rows[1].startswith("✓ smollm2-135m-instruct")  # the smallest, and the only one that is here
    for name in registry.RECOMMENDED:
        assert name in result.stdout
    assert result.stdout.count("✓") == 1


def test_size_licence_and_memory_are_told_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fetch(name: str, report: Report) -> Path:
        report("model.safetensors", 0.5)
        return tmp_path / name

    monkeypatch.setattr(hub, "pull", fetch)
    result = CliRunner().invoke(app, ["pull", "qwen3-0.6b"])
    assert result.exit_code == 0, result.exception
    assert result.stdout == f"{tmp_path}/qwen3-0.6b\n"  # the path alone, for scripts
    assert result.stderr == (
        "qwen3-0.6b (Qwen/Qwen3-0.6B): thinks if asked to; any laptop\n"
        "1.5 GB to fetch · licence apache-2.0 · needs about 2.0 GB of memory\n"
        "model.safetensors\n"
    )


def test_a_machine_that_is_too_small_is_told() -> None:
    model = registry.find("r1-distill-qwen-7b")
    assert "this machine has 8.0 GB: it will be too small for it" in announcement(model, 8_000_000_000)
    assert "too small" not in announcement(model, 64_000_000_000)


def test_the_embedded_model_is_not_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "pull", lambda *_: pytest.fail("there is nothing to fetch"))
    result = CliRunner().invoke(app, ["pull", "smollm2-135m-instruct"])
    assert result.exit_code == 0
    assert "comes with the installation" in result.stderr


def test_a_failed_download_is_a_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(name: str, report: Report) -> Path:
        raise CheckpointError("the hub cannot be reached", "connect, or name a path")

    monkeypatch.setattr(hub, "pull", fail)
    result = CliRunner().invoke(app, ["pull", "someone/something"])
    assert isinstance(result.exception, CheckpointError)


def test_a_pulled_model_is_here(tmp_path: Path) -> None:
    model = registry.find("qwen3-0.6b")
    assert not is_here(model)
    (tmp_path / "cache" / "models" / "Qwen--Qwen3-0.6B").mkdir(parents=True)
    assert is_here(model)
