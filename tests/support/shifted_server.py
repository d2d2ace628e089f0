"""``python -m shifted_server FILE serve …``: ``fathom`` by a clock that is ahead by the seconds in a file.

What measures durations (``time.monotonic``) goes on as ever, as it does where a machine's clock is set.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from fathom.cli.main import main

_time, _time_ns = time.time, time.time_ns


def shift(file: Path) -> None:
    """Read ``file`` at each look at the clock."""
    time.time = lambda: _time() + float(file.read_text())  # type: ignore[method-assign]
    time.time_ns = lambda: _time_ns() + round(float(file.read_text()) * 1e9)  # type: ignore[method-assign]


if __name__ == "__main__":
    shift(Path(sys.argv.pop(1)))
    main()
