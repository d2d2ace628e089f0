"""Links lead somewhere: files exist, and headings that are pointed at."""

import re
from pathlib import Path

import pytest
from markdown_files import ROOT, documents, name_of, without_code

LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)|(?:src|srcset|href)=\"(?P<attribute>[^\"]+)\"")


def anchors(path: Path) -> set[str]:
    """The anchors that GitHub gives the headings of a document."""
    headings = re.findall(r"^#+ +(.+?) *$", without_code(path.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", documents(), ids=name_of)
def test_links_resolve(path: Path) -> None:
    broken = []
    for match in LINK.finditer(without_code(path.read_text(encoding="utf-8"))):
        target = match["target"] or match["attribute"]
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        where = (path.parent / file).resolve() if file else path
        if not where.exists() or (anchor and where.suffix == ".md" and anchor not in anchors(where)):
            broken.append(target)
    assert not broken


def test_every_document_can_be_reached_from_the_index() -> None:
    seen: set[Path] = set()
    todo = [ROOT / "README.md"]
    while todo:
        path = todo.pop()
        if path in seen:
            continue
        seen.add(path)
        for match in LINK.finditer(without_code(path.read_text(encoding="utf-8"))):
            target = (path.parent / (match["target"] or match["attribute"]).partition("#")[0]).resolve()
            if target.suffix == ".md" and target.exists():
                todo.append(target)
    assert {name_of(path) for path in documents()} <= {name_of(path) for path in seen if path.is_relative_to(ROOT)}
