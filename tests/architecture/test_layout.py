"""The layout of the source: what a file may hold, how long it may be, and that a test file mirrors it."""

import ast
import os
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest
from source_files import PYTHON, ROOT, SOURCE, nodes_of, relative, syntax_of, text_of

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


@cache
def tree() -> tuple[Path, ...]:
    """The text files of the project. What is built, installed or hidden is no part of it, and is not entered."""
    files: list[Path] = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if is_part(name)]
        files += [Path(folder, name) for name in names if is_part(name) and Path(name).suffix in TEXT]
    return tuple(sorted(path for path in files if path.is_file()))


def is_part(name: str) -> bool:
    return name == ".ci" or not (name in SKIPPED or name.startswith("."))


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT / "src").with_suffix("")).replace("/", ".").removesuffix(".__init__")


def imports_of(path: Path) -> set[str]:
    """Every dotted name that a file imports, wherever in it."""
    names: set[str] = set()
    for node in nodes_of(path):
        if isinstance(node, ast.ImportFrom) and node.module:
            names.update({node.module, *(f"{node.module}.{alias.name}" for alias in node.names)})
        elif isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
    return names


def test_a_package_holds_only_its_docstring() -> None:
    wrong = []
    for path in PYTHON:
        if path.name == "__init__.py":
            rest = [
                node for node in syntax_of(path).body
                if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
            ]  # fmt: skip
            if path.parent == SOURCE:
                rest = [node for node in rest if ast.unparse(node).split(" = ")[0] != "__version__"]
            wrong += [relative(path)] if rest else []
    assert not wrong, f"import from the module that holds the noun: {wrong}"


def test_every_module_says_what_it_is() -> None:
    wrong = [relative(path) for path in PYTHON if not ast.get_docstring(syntax_of(path))]
    assert not wrong, f"a module opens with a docstring: {wrong}"


def test_a_test_file_mirrors_each_module_and_imports_it() -> None:
    wrong = [fault for path in PYTHON for fault in [mirror_fault(path)] if fault]
    assert not wrong, "\n".join(wrong)


def holds(names: Iterable[str], module: str) -> bool:
    """Whether one of the dotted names is the module, or something in it."""
    return any(name == module or name.startswith(f"{module}.") for name in names)


def mirror_fault(path: Path) -> str | None:
    """What is wrong with the test file of a module."""
    name = name_of(path)
    if path.name == "__init__.py" or name in NOT_MIRRORED:
        return None
    mirror = ROOT / "tests" / "unit" / path.relative_to(SOURCE).parent / f"test_{path.stem}.py"
    if not mirror.exists():
        return f"write {mirror.relative_to(ROOT)}"
    named = re.findall(r"\bfathom(?:\.\w+)+", text_of(mirror))  # in an import, or in code for a subprocess
    if holds(named, name) or holds(imports_of(mirror), name):
        return None
    return f"import {name} in {mirror.relative_to(ROOT)}"


def test_every_file_can_be_read_in_one_sitting() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(text_of(path).splitlines())
        for path in tree()
        if path.suffix in {".py", ".ts", ".tsx"}
    }
    long = {name: count for name, count in lengths.items() if count > LONGEST}
    assert not long, f"name the second noun and give it a file: {long}"


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
        for path in tree()
        if path.name != "package-lock.json"
        for match in [pattern.search(text_of(path))]
        if match
    ]
    assert not found, f"{why}: {found}"
