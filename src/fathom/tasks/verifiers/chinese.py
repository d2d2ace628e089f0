"""Numbers in Chinese characters, as answers to Chinese problems have them: 十二, 三分之一, 一百零五."""

from __future__ import annotations

import re
from fractions import Fraction

_DIGITS = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_TENS = {"十": 10, "百": 100, "千": 1000}
SCALES = {"万": 10**4, "亿": 10**8}
_WORDS = re.compile(f"[{''.join([*_DIGITS, *_TENS, *SCALES])}]{{1,20}}")


def parse_chinese(text: str) -> Fraction | None:
    """The value of a whole text of Chinese numerals, else None."""
    negative = text.startswith("负")
    text = text.removeprefix("负")
    bottom, divided, top = text.partition("分之")
    if divided:
        parts = _whole(bottom), _whole(top)
        value = None if parts[0] is None or parts[1] is None or not parts[0] else Fraction(parts[1], parts[0])
    else:
        whole, _, decimals = text.partition("点")
        value = _decimal(whole, decimals) if "点" in text else _fraction(_whole(whole))
    return -value if negative and value is not None else value


def _fraction(value: int | None) -> Fraction | None:
    return None if value is None else Fraction(value)


def _decimal(whole: str, decimals: str) -> Fraction | None:
    value = _whole(whole)
    if value is None or not decimals or not set(decimals) <= set(_DIGITS):
        return None
    digits = "".join(str(_DIGITS[digit]) for digit in decimals)
    return value + Fraction(int(digits), 10 ** len(digits))


def _whole(text: str) -> int | None:
    """A whole number: digits with 十, 百, 千 below 万 and 亿, or digits in a row (二〇二四)."""
    if not _WORDS.fullmatch(text):
        return None
    if len(text) > 1 and set(text) <= set(_DIGITS):
        return int("".join(str(_DIGITS[digit]) for digit in text))
    total = part = digit = 0
    for sign in text:
        if sign in _DIGITS:
            digit = _DIGITS[sign]
        elif sign in _TENS:
            part += (digit or 1) * _TENS[sign]
            digit = 0
        else:
            section = part + digit
            lower = SCALES[sign] > total  # 二千万 behind 一亿 is a part of its own
            total = (total + section or 1) * SCALES[sign] if lower else total + section * SCALES[sign]
            part = digit = 0
    return total + part + digit
