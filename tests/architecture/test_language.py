"""Names and prose: retired words stay out, functions are no participles, and a public class name means one class.

The words are those of the table in docs/concepts/glossary.md; what to say instead stands beside each.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "fathom"
GLOSSARY = ROOT / "docs" / "concepts" / "glossary.md"
PYTHON = sorted(SOURCE.rglob("*.py"))
NATIVE = sorted(path for path in SOURCE.rglob("*") if path.suffix in (".cpp", ".h"))

IRREGULAR = re.compile(
    "begun|bought|broken|brought|built|chosen|cut|dealt|done|drawn|felt|found|given|gone|grown|heard|held|hidden|kept|"
    "known|left|lost|made|met|paid|put|said|seen|sent|set|shown|sold|spent|split|spoken|struck|taken|taught|thought|"
    "thrown|told|won|worn|written"
)
NOUNS = re.compile("bed|embed|exceed|feed|hundred|left|need|proceed|put|seed|set|shed|speed|split")
"""Words in -ed, or like an irregular participle, that are nouns or verbs."""


STORED = {("recipes/countdown/corpus.py", "lessons"), ("train/run/aliases.py", "lessons")}
"""Retired words that stored data hold: the seed of a corpus, names in configurations of earlier versions."""


@cache
def retired() -> dict[str, str]:
    """Word → what to say instead."""
    rows = GLOSSARY.read_text(encoding="utf-8").partition("## Retired words")[2]
    pairs = re.findall(r"^\| ([a-z, ]+) \| (.+) \|$", rows, re.M)
    return {word: better for words, better in pairs if words != "retired" for word in words.split(", ")}


def words_of(text: str) -> Iterator[str]:
    """The words of prose, and the parts of identifiers, in lower case."""
    for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", text):
        yield word.lower()


def prose_and_names(path: Path) -> Iterator[tuple[int, str]]:
    """Line and text of every identifier that a file defines, every string, and every comment."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        yield from enumerate(text.splitlines(), 1)
        return
    for node in ast.walk(ast.parse(text)):
        line = getattr(node, "lineno", 0)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield line, node.name
        elif isinstance(node, ast.arg):
            yield line, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield line, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield line, node.attr
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield line, node.value
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def is_participle(name: str) -> bool:
    return not NOUNS.fullmatch(name) and (name.endswith("ed") or IRREGULAR.fullmatch(name) is not None)


def relative(path: Path) -> str:
    return str(path.relative_to(SOURCE))


def test_the_glossary_lists_retired_words() -> None:
    assert retired()["pupil"] == "trainee; in distillation, student"
    assert len(retired()) > 10


@pytest.mark.parametrize("path", [*PYTHON, *NATIVE], ids=relative)
def test_a_file_has_no_retired_word(path: Path) -> None:
    uses = [
        f"line {line}: {word!r} (say: {retired()[word]})"
        for line, text in prose_and_names(path)
        for word in words_of(text)
        if word in retired() and (relative(path), word) not in STORED
    ]
    assert not uses, "; ".join(uses)


@pytest.mark.parametrize("path", PYTHON, ids=relative)
def test_no_function_is_named_by_a_participle(path: Path) -> None:
    """A function is a verb, or a noun of what it returns. A property may be an adjective."""
    names = [
        node.name
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and not any("property" in ast.unparse(decorator) for decorator in node.decorator_list)
    ]
    bare = [name.strip("_") for name in names if "_" not in name.strip("_")]
    participles = [name for name in bare if is_participle(name)]
    assert not participles, f"name the action or the result: {', '.join(participles)}"


def test_no_public_class_name_is_defined_twice() -> None:
    places = defaultdict(list)
    for path in PYTHON:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(relative(path))
    double = {name: files for name, files in places.items() if len(files) > 1}
    assert not double, f"name what tells them apart: {double}"


@pytest.mark.parametrize("path", PYTHON, ids=relative)
def test_no_variable_is_called_found(path: Path) -> None:
    """It says how a value came about and not what it is: matches, path, evaluation …"""
    lines = [
        node.lineno
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.Name) and node.id == "found") or (isinstance(node, ast.arg) and node.arg == "found")
    ]
    assert not lines
