"""The real backend: an opened bundle with an engine around it.

torch takes seconds to import, so it is imported when a load runs: in the runtime's thread, while the page answers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from typing import Any

from fathom.base.errors import TokenizerError
from fathom.engine.config import EngineConfig
from fathom.engine.request import SamplingParams
from fathom.server.models.backend import Backend, Progress
from fathom.server.settings import Settings
from fathom.text.conversation import Chat
from fathom.text.template.template import ChatTemplate
from fathom.text.tokenizer.tokenizer import Tokenizer

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

    bundle = open_bundle(settings.model, dtype=settings.dtype, device=settings.device, optimize=True, progress=progress)
    progress("starting the engine", None)
    chat = chat_of(bundle.tokenizer, bundle.template)
    engine = Engine(bundle.model, bundle.tokenizer, engine_config(settings))
    engine.start()
    return Backend(
        name=settings.served_name or bundle.name,
        engine=engine,
        tokenizer=bundle.tokenizer,
        chat=chat,
        max_context=engine.max_context,
        aliases=frozenset({bundle.name, *([settings.model] if settings.model else [])}),
        thinking_switch=chat is not None and bool(SWITCHES & chat.template.variables),
        sampling=recommended_sampling(asdict(bundle.generation)),
    )


def chat_of(tokenizer: Tokenizer, template: ChatTemplate | None) -> Chat | None:
    """The conversation core; None for a base model, which has no notion of a conversation but still continues text."""
    if template is not None:
        return Chat(tokenizer, template)
    try:
        return Chat(tokenizer, None)  # with ChatML, where the vocabulary has its tokens
    except TokenizerError:
        return None


def recommended_sampling(advice: Mapping[str, Any]) -> SamplingParams:
    """What the model's makers advise (the fields of GenerationDefaults), over the engine's neutral values."""
    values = {name: value for name, value in advice.items() if value is not None}
    return SamplingParams(stop_token_ids=tuple(sorted(values.pop("eos_ids", ()))), **values)


def engine_config(settings: Settings) -> EngineConfig:
    """The engine's layout; what the settings leave open is the engine's own choice."""
    chosen = {
        name: value
        for name in ("max_context", "max_sequences", "max_queue", "max_batch_tokens", "cache_bytes")
        if (value := getattr(settings, name)) is not None
    }
    return EngineConfig(**chosen)
