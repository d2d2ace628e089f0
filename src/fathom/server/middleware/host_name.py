"""The name in a ``Host`` header or an origin, read by its own grammar (RFC 9110, section 7.2; RFC 3986, section 3.2.2).

A URL parser reads more than a host there: in ``evil.example@127.0.0.1`` a user, in ``127.0.0.1#evil`` a fragment.
"""

from __future__ import annotations

import re

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})

_HOST = re.compile(r"(?:\[(?P<address>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9._-]+))(?::\d{0,5})?")


def host_name(host: str) -> str:
    """The lower-case name in ``host``, without port, brackets and the root's dot; empty where it is malformed."""
    match = _HOST.fullmatch(host)
    if match is None:
        return ""
    return (match["address"] or match["name"]).lower().removesuffix(".")
