"""The documents of the project, and what stands in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]

NOT_RUN = re.compile(r"<!-- not run: (?P<reason>.+?) -->\s*\Z")
BLOCK = re.compile(r"^(?P<indent> *)```(?P<info>[^\n`]*)\n(?P<code>.*?)^(?P=indent)```\s*$", re.MULTILINE | re.DOTALL)

REASONS = (
    "needs the network",
    "needs a GPU",
    "needs llama.cpp",
    "takes minutes",
    "takes hours",
    "only an example of output",
)
"""Why a block may stay unrun. Anything else has to work."""


@dataclass(frozen=True)
class Block:
    """A fenced block: ``info`` is what stands behind the fence, ``not_run`` the reason given above it."""

    line: int
    info: str
    code: str
    not_run: str | None

    @property
    def language(self) -> str:
        return self.info.split()[0] if self.info.split() else ""


def documents() -> list[Path]:
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def blocks(text: str) -> list[Block]:
    found = []
    for match in BLOCK.finditer(text):
        before = text[: match.start()]
        marker = NOT_RUN.search(before)
        indent = match["indent"]
        code = "".join(line.removeprefix(indent) for line in match["code"].splitlines(keepends=True))
        reason = marker["reason"] if marker else None
        found.append(Block(before.count("\n") + 1, match["info"].strip(), code, reason))
    return found


def without_code(text: str) -> str:
    """The prose alone: links inside code are not links."""
    return re.sub(r"`[^`\n]*`", "", BLOCK.sub("", text))
