from __future__ import annotations

from pathlib import Path

import pytest

from fathom.base.errors import ConfigError
from fathom.train.run import recipe as module
from fathom.train.run.recipe import recipe

SOURCE = """
from fathom.train.run.config import RunConfig

def small(depth: int = 2) -> RunConfig:
    return RunConfig(stage="example", name="small", seed=depth)

def fixed() -> RunConfig:
    return RunConfig(stage="example", name="fixed")

def wrong():
    return {"stage": "example"}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "small.py"
    path.write_text(SOURCE)
    return path


def test_a_file_holds_a_recipe_of_its_name(file: Path) -> None:
    assert recipe(str(file)).seed == 2
    assert recipe(f"{file}:fixed").name == "fixed"


def test_the_dial_reaches_the_recipe(file: Path) -> None:
    assert recipe(str(file), depth=5).seed == 5
    with pytest.raises(ConfigError, match="takes no depth"):
        recipe(f"{file}:fixed", depth=5)


def test_a_plain_name_is_a_recipe_of_the_package(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "folder", lambda: file.parent)
    assert recipe("small").name == "small"
    assert module.names() == ["small"]
    with pytest.raises(ConfigError, match="there is no recipe large; choose one of small, or name a Python file"):
        recipe("large")


def test_a_missing_or_wrong_recipe_is_refused(file: Path) -> None:
    with pytest.raises(ConfigError, match="has no function missing"):
        recipe(f"{file}:missing")
    with pytest.raises(ConfigError, match="returns no RunConfig"):
        recipe(f"{file}:wrong")
    with pytest.raises(ConfigError, match=r"there is no recipe .*nowhere\.py"):
        recipe(str(file.with_name("nowhere.py")))
