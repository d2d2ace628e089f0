"""Configurations are read strictly, and their secrets are not shown again."""

from typing import Any

import pytest
from pydantic import ValidationError

from fathom.base.errors import RequestError
from fathom.server.tools.mcp.config import HttpConfig, StdioConfig, config_of, hide_secrets, keep_secrets


def test_both_kinds() -> None:
    assert config_of("stdio", {"command": "npx", "args": ["x"]}) == StdioConfig(command="npx", args=["x"])
    assert config_of("http", {"url": "https://a.example/mcp"}) == HttpConfig(url="https://a.example/mcp")


@pytest.mark.parametrize(
    ("transport", "data"),
    [
        ("stdio", {}),
        ("stdio", {"command": ""}),
        ("stdio", {"command": "a\0b"}),
        ("stdio", {"command": "a", "shell": True}),
        ("stdio", {"command": "a", "args": "b"}),
        ("http", {"url": "ftp://a"}),
        ("http", {"url": "http://user:key@a.example"}),
        ("http", {"url": "http://a b"}),
        ("http", {"url": "http://a", "headers": {"a\r\nb": "c"}}),
        ("http", {"url": "http://a", "headers": {"a": "b\r\nc: d"}}),
    ],
)
def test_what_is_none_is_refused(transport: str, data: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        config_of(transport, data)


def test_secrets_are_hidden_and_kept() -> None:
    before = HttpConfig(url="https://a.example", headers={"Authorization": "Bearer x"})
    assert hide_secrets(before) == {"url": "https://a.example", "headers": {"Authorization": "***"}}
    changed = HttpConfig(url="https://a.example", headers={"Authorization": "***", "New": "y"})
    assert keep_secrets(changed, before).model_dump()["headers"] == {"Authorization": "Bearer x", "New": "y"}
    program = StdioConfig(command="a", env={"KEY": "x"})
    assert hide_secrets(program)["env"] == {"KEY": "***"}
    assert keep_secrets(StdioConfig(command="a", args=["b"], env={"KEY": "***"}), program).model_dump()["env"] == {
        "KEY": "x"
    }


def test_a_key_goes_to_no_other_server() -> None:
    before = HttpConfig(url="https://a.example", headers={"Authorization": "Bearer x"})
    with pytest.raises(RequestError, match="the url is another one"):
        keep_secrets(HttpConfig(url="https://b.example", headers={"Authorization": "***"}), before)
    assert keep_secrets(HttpConfig(url="https://b.example"), before) == HttpConfig(url="https://b.example")
    with pytest.raises(RequestError):
        keep_secrets(StdioConfig(command="a", env={"KEY": "***"}), before)
