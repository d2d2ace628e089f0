"""The layout of the source: what a file may hold, how long it may be, and that a test file mirrors it."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "fathom"
LONGEST = 450

SKIPPED = {".git", ".venv", "node_modules", "static", "build", "dist", "__pycache__"}
TEXT = {
    ".py",
    ".md",
    ".toml",
    ".ts",
    ".tsx",
    ".css",
    ".cpp",
    ".h",
    ".json",
    ".yaml",
    ".yml",
    ".sh",
    ".cfg",
    ".html",
    "",
}

# Split, so that this file does not find itself.
UNFINISHED = re.compile("|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X:")))
SWALLOWED = re.compile(r"except( Base| )Exception:\s*\n?\s*pass\b|except:\s*\n?\s*pass\b")
ONE_MACHINE = re.compile(r"""(?<![\w.~$}/*-])/(root|work|mnt|opt|Users)/\w""")

NOT_MIRRORED = {
    "fathom.__main__": "two lines; what they run is tested as fathom.cli.selftest",
    "fathom.server.store.migrations.env": "Alembic runs it; tested as fathom.server.store.migrate",
}
"""Modules without a test file of their own, each with the reason."""


def tree(*suffixes: str, under: Path = ROOT) -> list[Path]:
    return sorted(
        path
        for path in under.rglob("*")
        if path.is_file() and path.suffix in suffixes and not SKIPPED & set(path.relative_to(ROOT).parts)
        and not any(part.startswith(".") and part != ".ci" for part in path.relative_to(ROOT).parts)
    )  # fmt: skip


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT / "src").with_suffix("")).replace("/", ".").removesuffix(".__init__")


def imports_of(path: Path) -> set[str]:
    """Every dotted name that a file imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names.update({node.module, *(f"{node.module}.{alias.name}" for alias in node.names)})
        elif isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
    return names


@pytest.mark.parametrize("path", tree(".py", under=SOURCE), ids=name_of)
class TestModule:
    def test_a_package_holds_only_its_docstring(self, path: Path) -> None:
        body = ast.parse(path.read_text(encoding="utf-8")).body
        if path.name == "__init__.py":
            rest = [node for node in body if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))]
            if path.parent == SOURCE:
                rest = [node for node in rest if ast.unparse(node).split(" = ")[0] != "__version__"]
            assert not rest, "import from the module that holds the noun"

    def test_it_says_what_it_is(self, path: Path) -> None:
        assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), "a module opens with a docstring"

    def test_a_test_file_mirrors_its_path_and_imports_it(self, path: Path) -> None:
        name = name_of(path)
        if path.name == "__init__.py" or name in NOT_MIRRORED:
            return
        mirror = ROOT / "tests" / "unit" / path.relative_to(SOURCE).parent / f"test_{path.stem}.py"
        assert mirror.exists(), f"write {mirror.relative_to(ROOT)}"
        in_strings = re.findall(r"\bfathom(?:\.\w+)+", mirror.read_text(encoding="utf-8"))  # as code for a subprocess
        imported = imports_of(mirror) | set(in_strings)
        assert any(other == name or other.startswith(f"{name}.") for other in imported), f"import {name} in its test"


@pytest.mark.parametrize("path", tree(".py", ".ts", ".tsx"), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_can_be_read_in_one_sitting(path: Path) -> None:
    count = len(path.read_text(encoding="utf-8").splitlines())
    assert count <= LONGEST, f"{count} lines: name the second noun and give it a file"


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        (UNFINISHED, "finish it or leave it out"),
        (SWALLOWED, "an error that nobody sees"),
        (ONE_MACHINE, "a path of one machine"),
    ],
    ids=["unfinished", "swallowed", "one-machine"],
)
def test_no_file_contains(pattern: re.Pattern[str], why: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}: {match.group()!r}"
        for path in tree(*TEXT)
        if path.name != "package-lock.json"
        for match in [pattern.search(path.read_text(encoding="utf-8", errors="replace"))]
        if match
    ]
    assert not found, f"{why}: {found}"
