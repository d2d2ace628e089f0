"""The real backend: an opened bundle with an engine around it.

torch takes seconds to import, so it is imported when a load runs: in the runtime's thread, while the page answers.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from fathom.engine.config import EngineConfig
from fathom.engine.request import SamplingParams
from fathom.server.backend import Backend, Progress
from fathom.server.settings import Settings
from fathom.text.conversation import Chat

SWITCHES = frozenset({"enable_thinking", "thinking"})
"""What chat templates call the question whether to think."""


def loader(settings: Settings) -> Callable[[Progress], Backend]:
    """What a Runtime calls to load the model that ``settings`` name."""
    return partial(load, settings)


def load(settings: Settings, progress: Progress) -> Backend:
    """Open the model that ``settings`` name and start an engine for it.

    Raises FathomError: a model that is not there, weights that cannot be read, a configuration that does not fit.
    """
    from fathom.checkpoint.bundle import open_bundle  # noqa: PLC0415
    from fathom.engine.engine import Engine  # noqa: PLC0415

    bundle = open_bundle(settings.model, dtype=settings.dtype, device=settings.device, progress=progress)
    progress("starting the engine", None)
    chat = Chat(bundle.tokenizer, bundle.template)
    engine = Engine(bundle.model, bundle.tokenizer, engine_config(settings))
    engine.start()
    return Backend(
        name=settings.served_name or bundle.name,
        engine=engine,
        tokenizer=bundle.tokenizer,
        chat=chat,
        max_context=engine.max_context,
        aliases=frozenset({bundle.name, *([settings.model] if settings.model else [])}),
        thinking_switch=bool(SWITCHES & chat.template.variables),
        sampling=SamplingParams(),
    )


def engine_config(settings: Settings) -> EngineConfig:
    """The engine's layout; what the settings leave open is the engine's own choice."""
    chosen = {
        name: value
        for name in ("max_context", "max_sequences", "max_queue", "max_batch_tokens", "cache_bytes")
        if (value := getattr(settings, name)) is not None
    }
    return EngineConfig(**chosen)
