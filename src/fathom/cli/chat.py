"""``fathom chat``: the chat page in a browser, or a conversation in the terminal."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from fathom.base.errors import ConfigError
from fathom.base.threads import configure_serving_threads
from fathom.cli import network, options


def chat(
    model: options.Model = None,
    terminal: Annotated[bool, typer.Option("--terminal", "-t", help="Stay in this terminal.")] = False,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page in a browser.")] = True,
    host: options.Host = None,
    port: options.Port = None,
    dtype: options.Dtype = None,
    device: options.Device = None,
    max_context: options.MaxContext = None,
    system: Annotated[str | None, typer.Option(help="Instructions for the whole conversation (--terminal).")] = None,
    think: Annotated[
        bool | None, typer.Option("--think/--no-think", help="Ask for thinking, where the model can (--terminal).")
    ] = None,
    temperature: Annotated[
        float | None, typer.Option(min=0, max=2, help="0 always chooses the most likely token (--terminal).")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Makes answers repeatable (--terminal).")] = None,
    max_tokens: Annotated[int | None, typer.Option(min=1, help="Maximum tokens of an answer (--terminal).")] = None,
) -> None:
    """Talk to a model. Standard input that is not a terminal is one message: echo hi | fathom chat --terminal"""
    configure_serving_threads()
    if terminal:
        from fathom.cli.terminal.session import run as chat_in_terminal

        chat_in_terminal(
            model=model,
            dtype=dtype,
            device=device,
            max_context=max_context,
            system=system,
            thinking=think,
            temperature=temperature,
            seed=seed,
            max_tokens=max_tokens,
        )
        return
    terminal_only = {
        "system": system,
        "think": think,
        "temperature": temperature,
        "seed": seed,
        "max-tokens": max_tokens,
    }
    for name, value in terminal_only.items():
        if value is not None:
            raise ConfigError(f"--{name} has no effect on the page", "add --terminal, or choose it on the page")
    open_page(model, host, port, dtype, device, max_context, browser)


def open_page(
    model: str | None,
    host: str | None,
    port: int | None,
    dtype: str | None,
    device: str | None,
    max_context: int | None,
    browser: bool,
) -> None:
    """Serve the page and open it. Where the default port is in use the next free one is taken; a given port is not
    replaced.

    The page reports a model that cannot be loaded.
    """
    settings = options.settings(
        model=model, host=host, port=port, dtype=dtype, device=device, max_context=max_context, log_level="warning"
    )
    if port is None and "port" not in settings.model_fields_set:
        settings = settings.model_copy(update={"port": network.free_port(settings.host, settings.port)})
    show = browser and network.has_desktop()

    def welcome(url: str) -> None:
        Console().print(f"Fathom is at [bold cyan]{url}[/]   [dim]Ctrl-C stops it[/]", highlight=False)
        if show:
            network.open_browser(url)

    from fathom.server.serve import serve

    serve(settings, on_listening=welcome, stay_up=True)
