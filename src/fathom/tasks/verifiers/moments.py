"""Dates and times of day as answers.

A date is written with the month's name, as 2024-03-05, or as 2024年3月5日; ``03/05/2024`` is read only where one of its
numbers must be the day, because half of the world means the other month. A time has a colon, or a.m. and p.m.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
_MONTH = r"(?P<month>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)(?P<rest>[a-z]*)\.?"
_WEEKDAY = r"(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day,?\s+)?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>\d{4})"
_DATES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"{_WEEKDAY}{_MONTH}\s+{_DAY}(?:,?\s+{_YEAR})?",
        rf"{_WEEKDAY}(?:the\s+)?{_DAY}\s+(?:of\s+)?{_MONTH}(?:,?\s+{_YEAR})?",
        rf"{_MONTH}\s+{_YEAR}",
        r"(?P<year>\d{4})-(?P<number>\d{1,2})-(?P<day>\d{1,2})",
        r"(?P<year>\d{4})/(?P<number>\d{1,2})/(?P<day>\d{1,2})",
        r"(?P<year>\d{4})年(?P<number>\d{1,2})月(?:(?P<day>\d{1,2})[日号])?",
        r"(?P<number>\d{1,2})月(?P<day>\d{1,2})[日号]",
        r"(?P<first>\d{1,2})[/.](?P<second>\d{1,2})[/.](?P<year>\d{4})",
    )
)
_TIME = re.compile(
    r"(?P<hour>\d{1,2})(?::(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d))?)?"
    r"(?:\s*(?P<half>[ap])\.?\s?m\.?|\s*(?P<clock>o'clock))?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Date:
    """Parts that are not given are None."""

    year: int | None
    month: int
    day: int | None


@dataclass(frozen=True, slots=True)
class TimeOfDay:
    """``half``: "a" or "p", "" without it; from 13:00 on, and for 0:00, it follows from the hour."""

    hour: int
    minute: int
    second: int
    half: str

    @property
    def seconds(self) -> int:
        return (self.hour * 60 + self.minute) * 60 + self.second


def parse_moment(text: str) -> Date | TimeOfDay | None:
    """The date or the time that all of a text is; else None."""
    text = re.sub(r"\\text\s*\{([^{}]*)\}", r" \1 ", text)
    text = " ".join(text.split()).replace(" ,", ",")
    if len(text) > 40:
        return None
    for pattern in _DATES:
        match = pattern.fullmatch(text)
        if match:
            return _date(match.groupdict())
    match = _TIME.fullmatch(text)
    return _time(match) if match and (match["minute"] or match["half"] or match["clock"]) else None


def _date(parts: dict[str, str | None]) -> Date | None:
    month = parts.get("month")
    if month is not None:
        number = 1 + next(index for index, name in enumerate(_MONTHS) if name.startswith(month.casefold()))
        written = (month + (parts.get("rest") or "")).casefold()
        if not _MONTHS[number - 1].startswith(written) and written != "sept":
            return None
        day = parts.get("day")
    elif parts.get("first"):
        first, second = int(parts["first"] or 0), int(parts["second"] or 0)
        if (first > 12) == (second > 12):
            return None
        number, day = min(first, second), str(max(first, second))
    else:
        number, day = int(parts["number"] or 0), parts.get("day")
    if not 1 <= number <= 12 or (day is not None and not 1 <= int(day) <= 31):
        return None
    year = parts.get("year")
    return Date(int(year) if year else None, number, int(day) if day else None)


def _time(match: re.Match[str]) -> TimeOfDay | None:
    hour, half = int(match["hour"]), (match["half"] or "").casefold()
    if hour > 23 or (half and not 1 <= hour <= 12):
        return None
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    elif hour > 12 or hour == 0:
        half = "p" if hour else "a"
    return TimeOfDay(hour, int(match["minute"] or 0), int(match["second"] or 0), half)
