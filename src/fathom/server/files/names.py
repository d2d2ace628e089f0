"""Names of files as people give them: kept to be read, never used as a path."""

from __future__ import annotations

import re
import unicodedata

MAX_LENGTH = 200
_INVISIBLE = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
"""Among them the marks of direction with which ``exe.fdp`` is shown as ``pdf.exe``."""


def clean_name(name: str) -> str:
    """The last part of ``name`` without control and invisible characters, shortened before its suffix.

    ``..\\\\a/b\\n.pdf`` → ``b.pdf``. A name of which nothing is left is ``file``.
    """
    last = re.split(r"[/\\]", name)[-1]
    text = "".join(c for c in _INVISIBLE.sub("", last) if unicodedata.category(c)[0] != "C")
    text = " ".join(text.split()).strip(". ")
    if len(text) > MAX_LENGTH:
        stem, dot, suffix = text.rpartition(".")
        text = (
            f"{stem[: MAX_LENGTH - len(suffix) - 2]}…{dot}{suffix}" if dot and len(suffix) < 16 else text[:MAX_LENGTH]
        )
    return text or "file"
