"""The wheel carries what running needs: the built page, the kernels' sources, the types' marker."""

import zipfile
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The files of a wheel built from this tree."""
    folder = tmp_path_factory.mktemp("wheel")
    (path,) = WheelBuilder(str(ROOT)).build(directory=str(folder), versions=["standard"])
    with zipfile.ZipFile(path) as wheel:
        return set(wheel.namelist())


def test_the_page_is_inside(names: set[str]) -> None:
    built = ROOT / "src" / "fathom" / "server" / "static"
    page = {f"fathom/server/static/{path.relative_to(built)}" for path in built.rglob("*") if path.is_file()}
    assert "fathom/server/static/index.html" in page
    assert page <= names


def test_every_source_is_inside(names: set[str]) -> None:
    source = ROOT / "src"
    wanted = {
        str(path.relative_to(source))
        for path in source.rglob("*")
        if path.suffix in {".py", ".cpp", ".h", ".css", ".js", ".typed"} and "__pycache__" not in path.parts
    }
    assert "fathom/py.typed" in wanted
    assert any(name.endswith(".cpp") for name in wanted)
    assert wanted <= names


def test_nothing_else_is_inside(names: set[str]) -> None:
    assert {name.split("/")[0] for name in names} == {"fathom", "fathom_lm-0.1.0.dist-info"}
    assert any(name.endswith("licenses/LICENSE") for name in names)
