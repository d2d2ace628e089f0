"""How an MCP server is reached, as it is stored and as clients send it."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from fathom.base.errors import RequestError

NAME_PATTERN = "^[a-z0-9][a-z0-9-]{0,23}$"
"""Of servers; their tools are called ``server__tool``."""
HIDDEN = "***"
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")


def _without_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("holds a NUL character")
    return text


def _headers(headers: dict[str, str]) -> dict[str, str]:
    for name, value in headers.items():
        if not _HEADER.fullmatch(name) or not value.isprintable() or not value.isascii():
            raise ValueError(f"{name[:100]!r} is no header")
    return headers


_Text = Annotated[str, Field(max_length=4000), AfterValidator(_without_nul)]


class _Config(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class StdioConfig(_Config):
    """A program of this machine that speaks over its standard input and output.

    Its environment is ``HOME``, ``PATH`` and what ``env`` names: no variable of the server's own.
    """

    command: _Text = Field(min_length=1)
    args: list[_Text] = Field(default=[], max_length=100)
    env: dict[_Text, _Text] = Field(default={}, max_length=50)
    cwd: _Text | None = None


class HttpConfig(_Config):
    """A server at ``url``; ``headers`` go with every request, for example ``Authorization``."""

    url: str = Field(max_length=2000, pattern=r"^https?://[^\s/@]+(/\S*)?$")
    headers: Annotated[dict[str, _Text], Field(max_length=20), AfterValidator(_headers)] = {}


Transport = Literal["stdio", "http"]
ServerConfig = StdioConfig | HttpConfig


def config_of(transport: str, data: Any) -> ServerConfig:
    """The configuration that a row of ``tool_servers`` holds."""
    return StdioConfig.model_validate(data) if transport == "stdio" else HttpConfig.model_validate(data)


def hide_secrets(config: ServerConfig) -> dict[str, Any]:
    """The configuration without the values of variables and headers, which are often keys."""
    data = config.model_dump()
    for field in ("env", "headers"):
        if field in data:
            data[field] = dict.fromkeys(data[field], HIDDEN)
    return data


def keep_secrets(config: ServerConfig, before: ServerConfig) -> ServerConfig:
    """``config`` with the values of ``before`` where it holds the marks that `hide_secrets` leaves.

    Raises RequestError where it leads elsewhere: a key goes to no server that it was not given for.
    """
    field, target = ("env", "command") if isinstance(config, StdioConfig) else ("headers", "url")
    values: dict[str, str] = getattr(config, field)
    if HIDDEN not in values.values():
        return config
    if getattr(config, target) != getattr(before, target, None):
        raise RequestError(f"the {target} is another one", f"write the values of {field} again", f"config.{field}")
    old: dict[str, str] = getattr(before, field)
    new = {name: old.get(name, value) if value == HIDDEN else value for name, value in values.items()}
    return config.model_copy(update={field: new})
