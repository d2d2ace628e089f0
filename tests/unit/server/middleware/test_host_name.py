"""The name in a Host header, by its grammar and not by that of a URL."""

from __future__ import annotations

import pytest

from fathom.server.middleware.host_name import host_name


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("a.b:1", "a.b"),
        ("[::1]:1", "::1"),
        ("A", "a"),
        ("a.b.", "a.b"),
        ("a:", "a"),
        ("", ""),
        ("[", ""),
        ("[::1", ""),
        ("::1", ""),
        (":80", ""),
        ("x@y:2", ""),
        ("x#y", ""),
        ("x:1,y", ""),
        ("x\n", ""),
        ("x y", ""),
        ("x:123456", ""),
    ],
)
def test_host_name(host, name):
    assert host_name(host) == name
