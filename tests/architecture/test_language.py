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

from source_files import PYTHON, ROOT, SOURCE, nodes_of, relative, text_of

GLOSSARY = ROOT / "docs" / "concepts" / "glossary.md"
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
    text = text_of(path)
    if path.suffix != ".py":
        yield from enumerate(text.splitlines(), 1)
        return
    for node in nodes_of(path):
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


def test_the_glossary_lists_retired_words() -> None:
    assert retired()["pupil"] == "trainee; in distillation, student"
    assert len(retired()) > 10


def test_no_file_has_a_retired_word() -> None:
    uses = [
        f"{relative(path)}:{line}: {word!r} (say: {retired()[word]})"
        for path in (*PYTHON, *NATIVE)
        if any(word in text_of(path).lower() for word in retired())  # few: to take a file apart is slow
        for line, text in prose_and_names(path)
        for word in words_of(text)
        if word in retired() and (relative(path), word) not in STORED
    ]
    assert not uses, "\n".join(uses)


def test_no_function_is_named_by_a_participle() -> None:
    """A function is a verb, or a noun of what it returns. A property may be an adjective."""
    participles = [
        f"{relative(path)}:{node.lineno}: {node.name}"
        for path in PYTHON
        for node in nodes_of(path)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and "_" not in node.name.strip("_")
        and is_participle(node.name.strip("_"))
        and not any("property" in ast.unparse(decorator) for decorator in node.decorator_list)
    ]
    assert not participles, "\n".join(("name the action or the result:", *participles))


def test_no_public_class_name_is_defined_twice() -> None:
    places = defaultdict(list)
    for path in PYTHON:
        for node in nodes_of(path):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(relative(path))
    double = {name: files for name, files in places.items() if len(files) > 1}
    assert not double, f"name what tells them apart: {double}"


def test_no_variable_is_called_found() -> None:
    """It says how a value came about and not what it is: matches, path, evaluation …"""
    uses = [
        f"{relative(path)}:{node.lineno}"
        for path in PYTHON
        for node in nodes_of(path)
        if (isinstance(node, ast.Name) and node.id == "found") or (isinstance(node, ast.arg) and node.arg == "found")
    ]
    assert not uses, "\n".join(uses)
