"""The C interface of the library as ctypes: structures, signatures and constants, read from ``interface.h``.

Every structure and function is described once, in the header that the C++ sources include. Structures written by hand
in ctypes were refused: a field added in one place only shifts all that follow, which no compiler reports. A full parser
of C (pycparser, libclang) was refused: the header uses a few forms, and anything else is an error here.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

HEADER = Path(__file__).with_name("interface.h")

NUMBERS: dict[str, type[Any]] = {
    "int": ctypes.c_int,
    "int32_t": ctypes.c_int32,
    "int64_t": ctypes.c_int64,
    "float": ctypes.c_float,
}

_ITEM = re.compile(
    r"constexpr \w+ (?P<constant>\w+) = (?P<value>\d+);"
    r"|enum \w+ : \w+ \{(?P<enum>[^}]*)\};"
    r"|struct (?P<struct>\w+) \{(?P<fields>[^}]*)\};"
    r"|FATHOM_EXPORT (?P<result>\w+) (?P<function>\w+)\((?P<arguments>[^)]*)\);"
    r"|namespace \w+ \{|extern \"C\" \{|\}"
)


class Signature(NamedTuple):
    result: type[Any] | None
    arguments: tuple[type[Any], ...]


class Interface(NamedTuple):
    """What a header declares, by name; ``enum`` holds the values of its enum."""

    constants: dict[str, int]
    enum: dict[str, int]
    structs: dict[str, type[ctypes.Structure]]
    functions: dict[str, Signature]


def parse(header: str) -> Interface:
    """Raises ValueError where ``header`` has anything but the forms that ``interface.h`` lists."""
    text = " ".join(re.sub(r"//.*|^#.*", "", header, flags=re.MULTILINE).split())
    interface = Interface({}, {}, {}, {})
    position = 0
    while position < len(text):
        item = _ITEM.match(text, position)
        if item is None:
            raise ValueError(f"interface.h has something that interface.py does not read: {text[position:][:60]}")
        _add(interface, item)
        position = item.end() + (text[item.end() : item.end() + 1] == " ")
    return interface


def _add(interface: Interface, item: re.Match[str]) -> None:
    structs = interface.structs
    if item["constant"]:
        interface.constants[item["constant"]] = int(item["value"])
    elif item["enum"]:
        interface.enum.update((name, int(value)) for name, value in re.findall(r"(\w+) = (\d+)", item["enum"]))
    elif item["struct"]:
        fields = list(_fields(item["fields"], structs))
        structs[item["struct"]] = type(item["struct"], (ctypes.Structure,), {"_fields_": fields, "__slots__": ()})
    elif item["function"]:
        result = None if item["result"] == "void" else NUMBERS[item["result"]]
        arguments = tuple(_argument(one, structs) for one in item["arguments"].split(","))
        interface.functions[item["function"]] = Signature(result, arguments)


def _fields(text: str, structs: Mapping[str, type[ctypes.Structure]]) -> Iterator[tuple[str, type[Any]]]:
    """``const float *x, *y; int64_t n;`` as names and types; a pointer is an address."""
    for declaration in filter(None, map(str.strip, text.split(";"))):
        kind, _, names = declaration.removeprefix("const ").partition(" ")
        for name in map(str.strip, names.split(",")):
            if not name.lstrip("*").isidentifier():
                raise ValueError(f"interface.h has a field that interface.py does not read: {declaration}")
            pointer = kind.endswith("*") or name.startswith("*")
            yield name.lstrip("*"), ctypes.c_void_p if pointer else _number_or_struct(kind, structs)


def _argument(text: str, structs: Mapping[str, type[ctypes.Structure]]) -> type[Any]:
    kind = text.strip().removeprefix("const ").split()[0]
    if not kind.endswith("*"):
        return _number_or_struct(kind, structs)
    struct = structs.get(kind.rstrip("*"))
    return ctypes.c_void_p if struct is None else ctypes.POINTER(struct)


def _number_or_struct(kind: str, structs: Mapping[str, type[ctypes.Structure]]) -> type[Any]:
    known = {**NUMBERS, **structs}
    if kind not in known:
        raise ValueError(f"interface.h uses a type that interface.py does not know: {kind}")
    return known[kind]


INTERFACE = parse(HEADER.read_text(encoding="utf-8"))
CONSTANTS, STRUCTS = INTERFACE.constants, INTERFACE.structs


def struct(name: str, **fields: Any) -> ctypes.Structure:
    """A structure with a value for each of its fields. Raises TypeError where one is missing or does not exist.

    Calls that decoding makes for every token construct ``STRUCTS[name]`` itself: it refuses unknown fields too, but
    leaves a missing one zero.
    """
    kind = STRUCTS[name]
    try:
        if len(fields) == len(kind._fields_):
            return kind(**fields)
    except AttributeError:  # no such field
        pass
    difference = fields.keys() ^ {field[0] for field in kind._fields_}
    raise TypeError(f"{name}: missing or unknown fields {sorted(difference)}")


def bind(library: ctypes.CDLL) -> ctypes.CDLL:
    """Give every function of the library its signature: arguments are converted, wrong ones are a TypeError."""
    for name, signature in INTERFACE.functions.items():
        function = getattr(library, name)
        function.restype, function.argtypes = signature.result, signature.arguments
    return library
