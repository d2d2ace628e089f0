"""What a program writes to its standard error: read as it comes, of which only the end is kept.

A program may write there without end. A file would grow until the disk is full, and a pipe that no process reads
would stop the program.
"""

from __future__ import annotations

import os
import threading
from types import TracebackType
from typing import TextIO

_KEPT_BYTES = 4096
_PIECE = 65536


class ErrorOutput:
    """A pipe whose end for writing is ``file``, to be handed to a program; ``end`` is what came last.

    The reader ends when the last program that holds the pipe does: it may outlive this object.
    """

    def __enter__(self) -> ErrorOutput:
        reading, writing = os.pipe()
        self.file: TextIO = os.fdopen(writing, "w", encoding="utf-8")
        self._kept = b""
        self._reader = threading.Thread(target=self._read, args=(reading,), name="error output", daemon=True)
        self._reader.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.file.close()
        self._reader.join(timeout=0.5)

    def end(self, most: int) -> str:
        """The last ``most`` characters, on one line."""
        return " ".join(self._kept.decode("utf-8", "replace").split())[-most:]

    def _read(self, reading: int) -> None:
        with os.fdopen(reading, "rb", buffering=0) as pipe:
            while piece := pipe.read(_PIECE):
                self._kept = (self._kept + piece)[-_KEPT_BYTES:]
