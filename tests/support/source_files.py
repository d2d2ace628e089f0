"""The source of the project, each file read and parsed once for all the rules that look at it."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "fathom"
PYTHON = sorted(SOURCE.rglob("*.py"))


def relative(path: Path) -> str:
    """The path of a source file below the package."""
    return str(path.relative_to(SOURCE))


@cache
def text_of(path: Path) -> str:
    """The text of a file of the tree."""
    return path.read_text(encoding="utf-8", errors="replace")


@cache
def syntax_of(path: Path) -> ast.Module:
    """The syntax tree of a Python file."""
    return ast.parse(text_of(path))


@cache
def nodes_of(path: Path) -> tuple[ast.AST, ...]:
    """Every node of a Python file."""
    return tuple(ast.walk(syntax_of(path)))
