r"""Units of measure, money and labels behind a number.

A unit has a size and dimensions: ``\text{ cm}^2``, ``square centimetres`` and ``平方厘米`` are one unit, and 500 cm are
5 m. Currencies, temperatures, and units whose size depends on the country are dimensions of their own, which nothing
converts. Any other words behind a number are a label: ``12 students``. A single letter is a unit only inside
``\text{…}``: in ``5m`` it is a variable.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

Dimensions = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Unit:
    """``size`` in units of its dimensions, times ``pi`` to the power ``pi``; a label is a dimension of its own."""

    size: Fraction
    dimensions: Dimensions
    pi: int = 0
    is_label: bool = False

    def times(self, other: Unit, power: int = 1) -> Unit:
        """The product with a power of another unit."""
        exponents = Counter(dict(self.dimensions))
        for name, exponent in other.dimensions:
            exponents[name] += exponent * power
        dimensions = tuple(sorted((name, exponent) for name, exponent in exponents.items() if exponent))
        return Unit(self.size * other.size**power, dimensions, self.pi + other.pi * power)


NONE = Unit(Fraction(1), ())
PERCENT = Unit(Fraction(1, 100), ())

MONEY = re.compile(
    r"(?P<sign>[-+]?)\s?(?P<unit>US\$|USD|EUR|GBP|INR|CNY|RMB|JPY|Rs|[$€£¥₹₽₩])\.?\s?(?=[-+0-9\\]|\.[0-9])"
)
"""Money in front of a number, which follows the match."""

_BASES = {
    "length": "m meter metre 米",
    "mass": "g gram gramme 克",
    "time": "s sec second 秒 秒钟",
    "current": "A amp ampere",
    "amount": "mol mole",
    "angle": "° deg degree 度",
    "unit": "unit",
    "$": "$ US$ USD dollar buck 美元",
    "€": "€ EUR euro 欧元",
    "£": "£ GBP 英镑",
    "¥": "¥ CNY RMB JPY yen yuan 元 块 块钱 人民币",
    "₹": "₹ INR Rs rupee",
    "₽": "₽ RUB ruble rouble",
    "₩": "₩ KRW won",
    "°C": "°C ℃ Celsius 摄氏度",
    "°F": "°F Fahrenheit",
    "kelvin": "K kelvin",
    "bit": "bit",
    "kB": "KB kB kilobyte",
    "MB": "MB megabyte",
    "GB": "GB gigabyte",
    "TB": "TB terabyte",
    "month": "month 个月",
    "ton": "ton",
    "gallon": "gal gallon",
    "quart": "qt quart",
    "pint": "pt pint",
    "cup": "cup",
    "calorie": "cal calorie",
}
_OTHERS: dict[str, tuple[int | str, str]] = {
    "km kilometer kilometre 千米 公里": (1000, "m"),
    "dm decimeter decimetre 分米": ("1/10", "m"),
    "cm centimeter centimetre 厘米": ("1/100", "m"),
    "mm millimeter millimetre 毫米": ("1/1000", "m"),
    "µm μm micrometer micrometre micron": ("1/1000000", "m"),
    "nm nanometer nanometre": ("1/1000000000", "m"),
    "in inch inches": ("127/5000", "m"),
    "ft foot feet": ("381/1250", "m"),
    "yd yard": ("1143/1250", "m"),
    "mi mile": ("201168/125", "m"),
    "kg kilo kilogram kilogramme 千克 公斤": (1000, "g"),
    "mg milligram 毫克": ("1/1000", "g"),
    "t tonne 吨": (10**6, "g"),
    "lb lbs pound": ("45359237/100000", "g"),
    "oz ounce": ("45359237/1600000", "g"),
    "ms millisecond": ("1/1000", "s"),
    "min minute 分钟 分": (60, "s"),
    "h hr hour 小时 时": (3600, "s"),
    "d day 天 日": (86400, "s"),
    "wk week 周 星期": (604800, "s"),
    "yr year 年": (12, "month"),
    "decade": (120, "month"),
    "century centuries": (1200, "month"),
    "¢ cent": ("1/100", "$"),
    "角 毛": ("1/10", "¥"),
    "kcal Cal kilocalorie": (1000, "cal"),
    "B byte": (8, "bit"),
}
_COMPOUNDS: dict[str, tuple[int | str, str]] = {
    "L l liter litre 升": ("1/1000", "m^3"),
    "mL ml milliliter millilitre cc 毫升": ("1/1000000", "m^3"),
    "ha hectare 公顷": (10000, "m^2"),
    "acre": ("316160658/78125", "m^2"),
    "mph": (1, "mi/h"),
    "kmh km/hr kph kmph": (1, "km/h"),
    "N newton": (1000, "g*m/s^2"),
    "kN": (10**6, "g*m/s^2"),
    "J joule": (1000, "g*m^2/s^2"),
    "kJ kilojoule": (10**6, "g*m^2/s^2"),
    "W watt": (1000, "g*m^2/s^3"),
    "kW kilowatt": (10**6, "g*m^2/s^3"),
    "kWh": (3600 * 10**6, "g*m^2/s^2"),
    "Pa pascal": (1000, "g/m/s^2"),
    "kPa": (10**6, "g/m/s^2"),
    "Hz hertz": (1, "s^-1"),
    "V volt": (1000, "g*m^2/s^3/A"),
    "Ω ohm": (1000, "g*m^2/s^3/A^2"),
    "C coulomb": (1, "A*s"),
}

_OPERATIVE = re.compile(
    r"\b(?:and|or|plus|minus|times|multiplied|divided|over|by|to|of|out|squared|cubed|factorial|dozens?|half|halves|"
    r"quarters?|thirds?|hundred|thousand|million|billion|trillion|percent|mod|modulo|base|not|nor|less|more|fewer|than|"
    r"at|least|most|about|approximately|around|choose|pi|infinity|infinite|power|root|if|is|are|was|when|where|for|"
    r"else|but|maybe|plus-minus|remainder|r|e|x|am|pm)\b",
    re.IGNORECASE,
)
_WORDS = re.compile(r"[A-Za-z]{3,}(?:[ -][A-Za-z]{2,}){0,3}|[一-鿿]{1,4}")
_ATOM = re.compile(
    r"\s*(?P<by>/|\bper\b|每|\\cdot|·|\*|)\s*(?P<scale>(?:square|sq|cubic|cu)(?![A-Za-z])\.?|平方|立方)?\s*"
    r"(?P<name>US\$|°[CF]?|[$€£¥₹₽₩¢]|[A-Za-zµμΩ]+\$?|[一-鿿]+?(?=[/每\s]|$))\.?\s*(?P<power>\^\s*\{?\s*-?\d\s*\}?|²|³|squared|cubed)?"
)


@cache
def _table() -> dict[str, Unit]:
    table: dict[str, Unit] = {}
    for dimension, names in _BASES.items():
        table |= dict.fromkeys(names.split(), Unit(Fraction(1), ((dimension, 1),)))
    for names, (size, base) in _OTHERS.items():
        table |= dict.fromkeys(names.split(), Unit(Fraction(size) * table[base].size, table[base].dimensions))
    for names, (size, formula) in _COMPOUNDS.items():
        unit = _parse_factors(formula, table)
        assert unit
        table |= dict.fromkeys(names.split(), Unit(Fraction(size) * unit.size, unit.dimensions))
    radian = Unit(Fraction(180), (("angle", 1),), pi=-1)
    return table | {"rad": radian, "radian": radian}


def parse_unit(text: str) -> Unit | None:
    """The unit that all of a text names, with ``\\text{…}`` around it or not; None if it names none."""
    text = re.sub(r"\\text\s*\{([^{}]*)\}", r" \1 ", text)
    text = re.sub(r"\\frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}", r"\1/\2", text).strip()
    if text in ("%", "percent", "per cent", "％"):
        return PERCENT
    text = re.sub(r"°\s+(?=[CF]\b)", "°", text)
    text = re.sub(r"\bdegrees?\s+(Celsius|Fahrenheit|C|F)\b", lambda match: f"°{match[1][0]}", text)
    return _parse_factors(text, _table()) if text else None


def parse_label(text: str) -> Unit | None:
    """Words behind a number that name what was counted; None if they could change the number."""
    text = " ".join(re.sub(r"\\text\s*\{([^{}]*)\}", r" \1 ", text).split())
    if not _WORDS.fullmatch(text) or _OPERATIVE.search(text):
        return None
    words = [word.removesuffix("s") for word in text.casefold().split()]
    return Unit(Fraction(1), ((" ".join(words), 1),), is_label=True)


def _parse_factors(text: str, table: dict[str, Unit]) -> Unit | None:
    unit, place, divided = NONE, 0, False
    while place < len(text):
        match = _ATOM.match(text, place)
        factor = _find(match["name"], table) if match else None
        if match is None or factor is None:
            return None
        divided = match["by"] in ("/", "per", "每") or (divided and match["by"] == "")
        unit = unit.times(factor, _power(match) * (-1 if divided else 1))
        place = match.end()
    return unit


def _power(match: re.Match[str]) -> int:
    named = {"square": 2, "sq": 2, "平方": 2, "cubic": 3, "cu": 3, "立方": 3, "squared": 2, "cubed": 3, "²": 2, "³": 3}
    scale = named.get((match["scale"] or "").rstrip("."), 1)
    power = match["power"] or "1"
    return scale * (named[power] if power in named else int(power.strip("^{} ")))


def _find(name: str, table: dict[str, Unit]) -> Unit | None:
    """By symbol, then by word in any case and number."""
    if name in table:
        return table[name]
    word = name.casefold()
    for candidate in (word, word.removesuffix("s"), word.removesuffix("es"), name.capitalize().removesuffix("s")):
        if len(word) > 2 and candidate in table:
            return table[candidate]
    return None
