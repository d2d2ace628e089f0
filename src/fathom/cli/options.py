"""Options that several commands share, and their conversion to the server's settings.

An option that is not given is None and left out, so that its ``FATHOM_…`` environment variable, then the server's
default, applies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from fathom.base.errors import ConfigError

if TYPE_CHECKING:
    from fathom.server.settings import Settings

Model = Annotated[
    str | None,
    typer.Option("--model", "-m", help="A name, a directory or a .gguf file. Default: the embedded SmolLM2-135M."),
]
Dtype = Annotated[
    str | None,
    typer.Option(help="float32, bfloat16 or auto: on the CPU float32, in which answers do not depend on the load."),
]
Device = Annotated[str | None, typer.Option(help="cpu, cuda or auto.")]
Host = Annotated[str | None, typer.Option(help="Address to listen on; 0.0.0.0 lets other machines in.")]
Port = Annotated[int | None, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes any free one.")]
MaxContext = Annotated[int | None, typer.Option(min=1, help="Longest conversation, in tokens.")]

SECRETS = frozenset({"api_key", "database_url"})
"""Settings whose value an error does not repeat."""


def settings(**given: Any) -> Settings:
    """The server's settings with the given options. Raises ConfigError that names the invalid option."""
    from pydantic import ValidationError

    from fathom.server.settings import Settings

    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "settings"
        reason = first["msg"][:1].lower() + first["msg"][1:]
        remedy = f"check --{name.replace('_', '-')} or the variable FATHOM_{name.upper()}"
        given_value = "" if name in SECRETS else f" {first.get('input')!r}"
        raise ConfigError(f"{name}{given_value} is not usable: {reason}", remedy) from None
