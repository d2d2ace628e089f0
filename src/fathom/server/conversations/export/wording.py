"""The few words of an exported page, in the languages that are complete; how sizes and times are written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Wording:
    language: str
    you: str
    assistant: str
    thinking: str
    thought_for: str  # {time}
    tool: str  # {name}
    sources: str
    unsupported: str
    stopped: str
    failed: str
    votes: str  # {count}, {answer}
    exported: str  # {date}


ENGLISH = Wording(
    "en",
    "You",
    "Assistant",
    "Thinking",
    "Thought for {time}",
    "Tool: {name}",
    "Sources",
    "not in the source",
    "This answer was stopped.",
    "This answer failed:",
    "{count} × {answer}",
    "Exported from Fathom on {date}",
)
CHINESE = Wording(
    "zh",
    "你",
    "助手",
    "思考",
    "思考了 {time}",
    "工具：{name}",
    "来源",
    "来源中没有这句话",
    "此回答已停止。",
    "此回答失败：",
    "{count} × {answer}",
    "{date} 从 Fathom 导出",
)


def wording(language: str | None) -> Wording:
    """The words of ``language`` (a BCP 47 tag); English where they are not written."""
    return CHINESE if (language or "").lower().startswith("zh") else ENGLISH


def seconds(ms: int) -> str:
    """``83 000`` → ``1:23``; under a minute ``12 s``."""
    total = round(ms / 1000)
    return f"{total // 60}:{total % 60:02}" if total >= 60 else f"{total} s"


def size(count: int) -> str:
    """Bytes with a unit."""
    value, unit = float(count), "B"
    for larger in ("KB", "MB", "GB"):
        if value < 1000:
            break
        value, unit = value / 1000, larger
    return f"{value:.0f} {unit}" if value >= 10 or unit == "B" else f"{value:.1f} {unit}"


def date(ms: int) -> str:
    """The day, in UTC: an exported page does not know its reader's zone."""
    return datetime.fromtimestamp(ms / 1000, UTC).date().isoformat()


def thinking_label(part: Mapping[str, Any], words: Wording) -> str:
    ms = part.get("ms")
    return words.thought_for.format(time=seconds(ms)) if ms is not None else words.thinking


def place_label(place: Mapping[str, Any] | None) -> str:
    """``{"page": 3}`` → ``page 3``."""
    return " ".join(f"{name} {value}" for name, value in (place or {}).items())


def file_label(part: Mapping[str, Any]) -> str:
    """A file's name and size."""
    count = part.get("bytes")
    return f"{part.get('name') or 'file'} ({size(count)})" if count else str(part.get("name") or "file")
