"""Numbers and quantities as text."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, log10

GAP = "\u00a0"
"""No-break space: between a number and its unit."""

THIN = "\u202f"
"""Narrow no-break space: between groups of digits."""

MINUS = "\u2212"


def share(value: float, digits: int = 1) -> str:
    """A share in percent without the sign: .8234 → ``82.3``."""
    return _minus(f"{100 * value:.{digits}f}")


def percent(value: float, digits: int = 1) -> str:
    """.8234 → ``82.3 %``."""
    return f"{share(value, digits)}{GAP}%"


def share_with_error(value: float, error: float | None) -> str:
    """``82.3 ± 1.2 %``; without an error ``82.3 %``."""
    return f"{share(value)}{'' if error is None else f'{GAP}±{GAP}{share(error)}'}{GAP}%"


def points(difference: float) -> str:
    """A difference of shares in percentage points: .452 → ``+45.2``."""
    return with_sign(100 * difference)


def with_sign(value: float) -> str:
    """With one digit and its sign, be it a plus; 0 has none."""
    return "0.0" if f"{abs(value):.1f}" == "0.0" else _minus(f"{value:+.1f}")


def size(value: float) -> str:
    """2212480 → ``2.21 M``; below ten thousand all digits."""
    for bound, unit in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e4, "K")):
        if value >= bound:
            return f"{significant(value / (1e3 if unit == 'K' else bound))}{GAP}{unit}"
    return f"{value:,.0f}".replace(",", THIN)


def significant(value: float, digits: int = 3) -> str:
    """With so many significant digits, without an exponent where none is needed."""
    if value == 0:
        return "0"
    exponent = floor(log10(abs(value)))
    if exponent < -4 or exponent > 6:
        power = "".join("⁻" if sign == "-" else "⁰¹²³⁴⁵⁶⁷⁸⁹"[int(sign)] for sign in str(exponent))
        return _minus(f"{value / 10.0**exponent:.1f}·10{power}")
    return _minus(f"{value:.{max(0, digits - 1 - exponent)}f}")


def short(value: float) -> str:
    """Up to three digits, without trailing zeros."""
    return _minus(f"{value:.3g}") if value == 0 or 1e-3 <= abs(value) < 1e4 else significant(value)


def duration(seconds: float) -> str:
    """75.2 → ``1 min 15 s``; hours where there are any."""
    if seconds < 60:
        return f"{seconds:.1f}{GAP}s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}{GAP}min" + (f" {rest:02}{GAP}s" if rest else "")
    return f"{minutes // 60}{GAP}h {minutes % 60:02}{GAP}min"


def dollars(value: float) -> str:
    """To the cent, or to two significant digits."""
    return f"${value:.2f}" if value >= 0.095 or value == 0 else f"${significant(value, 2)}"


def join_words(words: Sequence[str]) -> str:
    """``a, b and c``."""
    return " and ".join([", ".join(words[:-1]), *words[-1:]] if len(words) > 1 else words)


def with_unit(amount: int, unit: str) -> str:
    """``1 run``, ``3 runs``."""
    return f"{amount:,} {unit}{'' if amount == 1 else 's'}".replace(",", THIN)


def _minus(written: str) -> str:
    return written.replace("-", MINUS)
