"""Loading a served model: a checkpoint bundle, its chat template, and an engine.

torch takes seconds to import, so it is imported when a load runs: in the runtime's thread, while the page is served.
So are tokenizers and templates, and what reads the files of other models.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

from fathom.base.errors import FathomError, TokenizerError
from fathom.checkpoint.hub.registry import EMBEDDED
from fathom.engine.config import EngineConfig
from fathom.engine.request import SamplingParams
from fathom.server.models.registry import ModelRegistry
from fathom.server.models.runtime import Runtime
from fathom.server.models.served_model import Progress, ServedModel
from fathom.server.settings import Settings

if TYPE_CHECKING:
    from fathom.server.models.local import LocalModel
    from fathom.text.conversation import Chat
    from fathom.text.template.template import ChatTemplate
    from fathom.text.tokenizer.tokenizer import Tokenizer

NO_MODEL = "none"
"""The name by which settings ask for a server without a model of its own."""


def loader(settings: Settings) -> Callable[[Progress], ServedModel]:
    """The load function of a Runtime, for the model that ``settings`` name."""
    return partial(load, settings)


def registry_of(settings: Settings, served: Runtime | None = None) -> ModelRegistry:
    """The models that ``settings`` allow; with a ``served`` runtime, whose model the caller chose, no other."""
    name = settings.served_name or settings.model or EMBEDDED
    if served is not None:
        return ModelRegistry(served, served_name=name)
    runtime = Runtime(loader(settings) if settings.model != NO_MODEL else None)
    if not settings.on_demand:
        return ModelRegistry(runtime, served_name=name)
    find, load_function = partial(find_others, settings), partial(loader_of, settings)
    return ModelRegistry(runtime, find, load_function, served_name=name)


def find_others(settings: Settings) -> Mapping[str, LocalModel]:
    """The models of this machine by id, without the one that ``settings`` name."""
    from fathom.checkpoint.resolve import resolve  # noqa: PLC0415
    from fathom.server.models.local import LocalRoots, find_local  # noqa: PLC0415

    try:
        served = resolve(settings.model).path
    except FathomError:  # its load reports that
        served = None
    roots = LocalRoots.of_machine(settings.data_dir, settings.runs_dir)
    return {name: model for name, model in find_local(roots).items() if model.path != served}


def loader_of(settings: Settings, model: LocalModel) -> Callable[[Progress], ServedModel]:
    """The load function for another model than the one that ``settings`` name."""
    name = model.id if model.origin in ("embedded", "pulled") else str(model.path)
    return loader(settings.model_copy(update={"model": name, "served_name": model.id}))


def load(settings: Settings, progress: Progress) -> ServedModel:
    """Open the model that ``settings`` name and start an engine for it.

    Raises FathomError: a missing model, unreadable weights, a configuration that does not fit.
    """
    from fathom.checkpoint.bundle import open_bundle  # noqa: PLC0415
    from fathom.engine.engine import Engine  # noqa: PLC0415

    bundle = open_bundle(settings.model, dtype=settings.dtype, device=settings.device, optimize=True, progress=progress)
    progress("starting the engine", None)
    chat = chat_of(bundle.tokenizer, bundle.template)
    engine = Engine(bundle.model, bundle.tokenizer, engine_config(settings))
    engine.start()
    return ServedModel(
        name=settings.served_name or bundle.name,
        engine=engine,
        tokenizer=bundle.tokenizer,
        chat=chat,
        max_context=engine.max_context,
        aliases=frozenset({bundle.name, *([settings.model] if settings.model else [])}),
        thinking_switch=chat is not None and chat.can_switch_thinking,
        sampling=recommended_sampling(asdict(bundle.generation)),
    )


def chat_of(tokenizer: Tokenizer, template: ChatTemplate | None) -> Chat | None:
    """Renders and parses conversations; None for a base model without a chat template, which continues text only."""
    from fathom.text.conversation import Chat  # noqa: PLC0415

    if template is not None:
        return Chat(tokenizer, template)
    try:
        return Chat(tokenizer, None)  # ChatML, if the vocabulary has its tokens
    except TokenizerError:
        return None


def recommended_sampling(recommendation: Mapping[str, Any]) -> SamplingParams:
    """The checkpoint's recommended sampling (the fields of GenerationDefaults), over the engine's neutral values."""
    values = {name: value for name, value in recommendation.items() if value is not None}
    return SamplingParams(stop_token_ids=tuple(sorted(values.pop("eos_ids", ()))), **values)


def engine_config(settings: Settings) -> EngineConfig:
    """The engine's configuration; the engine chooses what the settings leave open."""
    chosen = {
        name: value
        for name in ("max_context", "max_sequences", "max_queue", "max_batch_tokens", "cache_bytes")
        if (value := getattr(settings, name)) is not None
    }
    return EngineConfig(**chosen)
