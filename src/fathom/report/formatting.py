"""How numbers are written for people."""

from __future__ import annotations

from math import floor, log10

GAP = "\u00a0"
"""A space that no line breaks at: between a number and its unit."""

THIN = "\u202f"
"""A narrow one, between groups of digits."""

PLUS_MINUS = "\u00a0±\u00a0"
MINUS = "\u2212"


def share(value: float, digits: int = 1) -> str:
    """.8234 → ``82.3``: percent, whose sign the caller writes once."""
    return _minus(f"{100 * value:.{digits}f}")


def percent(value: float, digits: int = 1) -> str:
    """.8234 → ``82.3 %``."""
    return f"{share(value, digits)}{GAP}%"


def points(difference: float) -> str:
    """A difference of shares: .452 → ``+45.2``."""
    return with_sign(100 * difference)


def with_sign(value: float, digits: int = 1) -> str:
    """With its sign, be it a plus."""
    written = _minus(f"{value:+.{digits}f}")
    return written[1:] if not float(f"{value:.{digits}f}") else written


def size(value: float) -> str:
    """2212480 → ``2.21 M``; below ten thousand every digit."""
    if value < 10_000:
        return f"{value:,.0f}".replace(",", THIN)
    for bound, unit in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K")):
        if value >= bound:
            return f"{significant(value / bound)}{GAP}{unit}"
    return f"{value:.0f}"


def significant(value: float, digits: int = 3) -> str:
    """Three digits that count, without an exponent where none is needed."""
    if value == 0:
        return "0"
    exponent = floor(log10(abs(value)))
    if exponent < -4 or exponent > 6:
        mantissa = value / 10.0**exponent
        return _minus(f"{mantissa:.1f}·10{_superscript(exponent)}")
    return _minus(f"{value:.{max(0, digits - 1 - exponent)}f}")


def short(value: float) -> str:
    """Up to three digits, without zeros behind them."""
    return _minus(f"{value:.3g}") if 1e-3 <= abs(value) < 1e4 else significant(value)


def duration(seconds: float) -> str:
    """75.2 → ``1 min 15 s``; hours where there are any."""
    if seconds < 60:
        return f"{seconds:.1f}{GAP}s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60 and not rest:
        return f"{minutes}{GAP}min"
    if minutes < 60:
        return f"{minutes}{GAP}min {rest:02}{GAP}s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}{GAP}h {minutes:02}{GAP}min"


def dollars(value: float) -> str:
    """To the cent, or to the first digit that counts."""
    return f"${value:.2f}" if value >= 0.095 or value == 0 else f"${significant(value, 2)}"


def join_words(words: list[str]) -> str:
    """``a, b and c``."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""


def with_unit(amount: int, one: str, many: str | None = None) -> str:
    """``1 run``, ``3 runs``."""
    return f"{amount:,} {one if amount == 1 else many or one + 's'}".replace(",", THIN)


def _minus(written: str) -> str:
    return written.replace("-", MINUS)


def _superscript(exponent: int) -> str:
    return "".join("⁻" if sign == "-" else "⁰¹²³⁴⁵⁶⁷⁸⁹"[int(sign)] for sign in str(exponent))
