"""``fathom serve``: the API and the page, until interrupted."""

from __future__ import annotations

from typing import Annotated

import typer

from fathom.base.threads import configure_serving_threads
from fathom.cli import options


def serve(
    model: options.Model = None,
    host: options.Host = None,
    port: options.Port = None,
    dtype: options.Dtype = None,
    device: options.Device = None,
    api_key: Annotated[
        str | None, typer.Option(help="Key that clients must send. Better: the variable FATHOM_API_KEY.")
    ] = None,
    served_name: Annotated[str | None, typer.Option(help="Model id that clients see.")] = None,
    max_context: options.MaxContext = None,
    max_sequences: Annotated[int | None, typer.Option(min=1, help="Completions that decode together.")] = None,
    allowed_hosts: Annotated[
        str | None, typer.Option(help="Host names to accept beside the loopback's, separated by commas; * for any.")
    ] = None,
    cors_origins: Annotated[
        str | None, typer.Option(help="Origins of web pages that may call the API, separated by commas; * for any.")
    ] = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error.")] = None,
) -> None:
    """Serve the API and the page."""
    settings = options.settings(
        model=model,
        host=host,
        port=port,
        dtype=dtype,
        device=device,
        api_key=api_key,
        served_name=served_name,
        max_context=max_context,
        max_sequences=max_sequences,
        allowed_hosts=allowed_hosts,
        cors_origins=cors_origins,
        log_level=log_level,
    )
    configure_serving_threads()
    from fathom.server.serve import serve as run

    run(settings)
