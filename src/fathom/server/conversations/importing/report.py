"""What an import did."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

MOST_SKIPPED = 500
"""Records named one by one; the rest is counted."""


@dataclass(slots=True)
class ImportReport:
    """``conversations`` were added with ``messages``; ``extended`` were here and got messages that were new; ``known``
    were here with all of theirs; ``skipped`` could not be imported."""

    conversations: int = 0
    messages: int = 0
    extended: int = 0
    known: int = 0
    skipped_count: int = 0
    skipped: list[dict[str, str]] = field(default_factory=list)

    @property
    def done(self) -> int:
        """Records that were looked at."""
        return self.conversations + self.extended + self.known + self.skipped_count

    def skip(self, title: str, reason: str) -> None:
        self.skipped_count += 1
        if len(self.skipped) < MOST_SKIPPED:
            self.skipped.append({"title": title[:200], "reason": reason})

    def json(self) -> Any:
        """As the API has it."""
        return {
            "conversations": self.conversations,
            "messages": self.messages,
            "extended": self.extended,
            "known": self.known,
            "skipped": self.skipped,
            "skipped_count": self.skipped_count,
        }
