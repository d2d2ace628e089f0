"""The program in an answer: a fenced block, or all of it.

A fence is three or more backticks or tildes, with any word behind it. A block that names Python is the program; blocks
without a name count only if none does, and those of another language never.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_OPENING = re.compile(r"(?P<fence>`{3,}|~{3,})[ \t]*(?P<info>[^\r\n`]*)\r?\n")
_PYTHON = re.compile(r"py(?:thon)?[0-9.]*|ipython3?|pycon", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Block:
    code: str
    language: str
    closed: bool

    @property
    def is_python(self) -> bool:
        return _PYTHON.fullmatch(self.language) is not None


def parse_program(answer: str) -> str | None:
    """The code of an answer: its only fenced block, or all of it without a fence. None if there are several."""
    blocks = _blocks(answer)
    if not blocks:
        return None if "```" in answer else answer
    programs = _programs(blocks)
    return programs[0].code if len(programs) == 1 and programs[0].closed else None


def last_program(answer: str) -> str | None:
    """As `parse_program`, but the last block if there are several, closed or not; for lenient grading."""
    blocks = _programs(_blocks(answer))
    return blocks[-1].code if blocks else parse_program(answer)


def _programs(blocks: list[_Block]) -> list[_Block]:
    named = [block for block in blocks if block.is_python]
    return named or [block for block in blocks if not block.language]


def _blocks(answer: str) -> list[_Block]:
    blocks, place = [], 0
    while opening := _OPENING.search(answer, place):
        closing = _closing(answer, opening)
        end = closing.start() if closing else len(answer)
        place = closing.end() if closing else len(answer)
        info = opening["info"].split()
        code = answer[opening.end() : end].replace("\r\n", "\n")
        before = answer[answer.rfind("\n", 0, opening.start()) + 1 : opening.start()]
        if before and not before.strip():  # in an item of a list
            code = re.sub(rf"^[ \t]{{1,{len(before)}}}", "", code, flags=re.MULTILINE)
        blocks.append(_Block(code, info[0].strip("{}.,:") if info else "", closing is not None))
    return blocks


def _closing(answer: str, opening: re.Match[str]) -> re.Match[str] | None:
    """The fence that closes a block: on a line of its own, or else the next one, as models also write it."""
    fence = rf"{re.escape(opening['fence'][0])}{{{len(opening['fence'])},}}"
    own_line = re.compile(rf"\r?\n[ \t]*{fence}[ \t]*(?=\r?\n|\Z)")
    return own_line.search(answer, opening.end() - 1) or re.compile(fence).search(answer, opening.end())
