from pathlib import Path

import pytest

from fathom.base import paths


def test_one_variable_moves_everything() -> None:
    environ = {"FATHOM_HOME": "/srv/fathom", "XDG_CACHE_HOME": "/elsewhere", "HOME": "/home/ada"}
    assert paths.cache_dir(environ) == Path("/srv/fathom/cache")
    assert paths.data_dir(environ) == Path("/srv/fathom/data")
    assert paths.kernels_dir(environ) == Path("/srv/fathom/cache/kernels")
    assert paths.models_dir(environ) == Path("/srv/fathom/cache/models")


def test_xdg_is_honored() -> None:
    environ = {"XDG_CACHE_HOME": "/fast/cache", "XDG_DATA_HOME": "/big/data", "HOME": "/home/ada"}
    assert paths.cache_dir(environ) == Path("/fast/cache/fathom")
    assert paths.data_dir(environ) == Path("/big/data/fathom")


@pytest.mark.parametrize("value", ["", "relative/path"])
def test_an_invalid_xdg_variable_is_ignored(value: str) -> None:
    environ = {"XDG_CACHE_HOME": value, "HOME": "/home/ada"}
    assert paths.cache_dir(environ) == Path("/home/ada/.cache/fathom")


def test_without_any_variable_the_home_directory_holds_it() -> None:
    assert paths.data_dir({"HOME": "/home/ada"}) == Path("/home/ada/.local/share/fathom")


def test_a_relative_home_becomes_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert paths.cache_dir({"FATHOM_HOME": "here"}) == tmp_path / "here" / "cache"
