"""JSON Lines that a run writes and reads again: a line ends at ``\\n`` alone.

Python's ``splitlines`` also cuts at U+2028, U+0085 and others, which JSON may hold as they are and models write. Those
are escaped when a line is written, for programs that cut there, and never cut at when one is read.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

_CUT_ELSEWHERE = re.compile("[\x85\u2028\u2029]")


def json_line(value: Any) -> str:
    """``value`` as one line of JSON with its end, in UTF-8: half of a surrogate pair becomes ``?``."""
    text = _CUT_ELSEWHERE.sub(lambda cut: f"\\u{ord(cut[0]):04x}", json.dumps(value, ensure_ascii=False))
    return text.encode("utf-8", "replace").decode("utf-8") + "\n"


def whole_lines(path: Path) -> list[str]:
    """The lines of a file without their ends, and without a last one that a kill cut short."""
    data = path.read_bytes()
    return [line.decode("utf-8", "replace") for line in data[: data.rfind(b"\n") + 1].split(b"\n")[:-1]]
