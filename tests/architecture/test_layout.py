"""Habits that nobody should have to remember: what a file may hold, how long it may be, and that a test knows it."""

import ast
import re
from functools import cache
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

TESTED_THROUGH = {
    "fathom.__main__": "two lines; the card behind them is tested as fathom.cli.selftest",
}
"""Modules that no test reaches by the rule below, each with the reason why that is right."""


def tree(*suffixes: str, under: Path = ROOT) -> list[Path]:
    return sorted(
        path
        for path in under.rglob("*")
        if path.is_file() and path.suffix in suffixes and not SKIPPED & set(path.relative_to(ROOT).parts)
        and not any(part.startswith(".") and part != ".ci" for part in path.relative_to(ROOT).parts)
    )  # fmt: skip


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT / "src").with_suffix("")).replace("/", ".").removesuffix(".__init__")


@cache
def imported_by_tests() -> frozenset[str]:
    """Every dotted name that a test imports, or names in a string (as code for a subprocess)."""
    found: set[str] = set()
    for path in tree(".py", under=ROOT / "tests"):
        if path.parent == Path(__file__).parent:
            continue
        text = path.read_text(encoding="utf-8")
        found.update(re.findall(r"\bfathom(?:\.\w+)+", text))
        found |= imports_of(path)
    return frozenset(found)


@cache
def reached_by_tests() -> frozenset[str]:
    """Modules that a test imports, and what these import within their own package: the parts behind a public face."""
    imports = {name_of(path): imports_of(path) for path in tree(".py", under=SOURCE)}
    mirrored = {
        name_of(path)
        for path in tree(".py", under=SOURCE)
        if (ROOT / "tests" / "unit" / path.relative_to(SOURCE).parent / f"test_{path.stem}.py").exists()
    }
    reached: set[str] = set()
    todo = [name for name in imports if name in imported_by_tests() | mirrored]
    while todo:
        name = todo.pop()
        if name not in reached:
            reached.add(name)
            package = name.split(".")[:2]
            todo += [inner for inner in imports[name] if inner in imports and inner.split(".")[:2] == package]
    return frozenset(reached)


def imports_of(path: Path) -> set[str]:
    """Every dotted name that a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found.update({node.module, *(f"{node.module}.{alias.name}" for alias in node.names)})
        elif isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
    return found


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

    def test_a_test_knows_it(self, path: Path) -> None:
        if path.name != "__init__.py" and name_of(path) not in TESTED_THROUGH:
            mirror = f"tests/unit/{path.relative_to(SOURCE).parent}/test_{path.stem}.py"
            assert name_of(path) in reached_by_tests(), f"write {mirror}"


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
