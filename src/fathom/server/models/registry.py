"""Several local models behind one server: each is loaded when it is first asked for, and unloaded to make room.

The model that the server was started with is loaded at once and never unloaded: requests that name no model count on
it. Any other gives way, the least recently used first, but never one that is answering. A request that needs a model
takes a lease of it; loads happen one after another, so that each sees the memory that the last one took.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fathom.base.errors import FathomError
from fathom.base.memory import Memory, detect, trim_heap
from fathom.base.progress import human_bytes
from fathom.server.errors import StoppingError, UnavailableError, UnknownModelError
from fathom.server.models.runtime import Failed, Loading, Ready, Runtime, State
from fathom.server.models.served_model import Progress, ServedModel
from fathom.server.models.source import LocalSource

if TYPE_CHECKING:
    from fathom.server.models.local import LocalModel

logger = logging.getLogger(__name__)

ALIASES = frozenset({"deepseek-chat", "deepseek-reasoner"})
"""Model names of DeepSeek's R1-era API, for the model that the server was started with."""

USABLE = 0.8
"""The share of the machine's memory that models may take where the system does not tell what is available."""

Load = Callable[[Progress], ServedModel]


class ModelRegistry:
    """The models of this machine. ``served`` is the one that the server was started with.

    ``find`` lists the others, by id (it reads the disk, in a thread); ``load_function`` makes the function that loads
    one; ``served_name`` is the served model's until it is loaded; ``memory`` is that of the machine. ``on_change`` is
    called with the id of a model whose state changes.
    """

    def __init__(
        self,
        served: Runtime,
        find: Callable[[], Mapping[str, LocalModel]] = dict,
        load_function: Callable[[LocalModel], Load] | None = None,
        *,
        served_name: str = "",
        memory: Callable[[], Memory] = detect,
    ) -> None:
        self.served = served
        self.served_name = served_name
        self.on_change: Callable[[str], None] | None = None
        self._find = find
        self._load_function = load_function
        self._memory = memory
        self._slots: dict[str, _Slot] = {}
        self._turn = asyncio.Lock()
        self._uses = itertools.count(1)

    def start(self) -> None:
        """Begin to load the served model. Must be called on the event loop that will serve."""
        self.served.start()

    @property
    def closed(self) -> bool:
        return self.served.closed

    async def close(self) -> None:
        """Close all engines; callers that still wait for a model get a StoppingError."""
        for slot in self._slots.values():
            if slot.loading is not None:
                slot.loading.cancel()
        runtimes = [slot.runtime for slot in self._slots.values() if slot.runtime is not None]
        await asyncio.gather(self.served.close(), *(runtime.close() for runtime in runtimes))

    def state_of(self, name: str) -> State | None:
        """What another model than the served one is doing; None: it is not loaded."""
        slot = self._slots.get(name)
        return slot.state if slot is not None else None

    async def local_models(self) -> Mapping[str, LocalModel]:
        """All models whose files are on this machine, by id."""
        return await asyncio.to_thread(self._find)

    async def source(self, name: str | None) -> LocalSource:
        """The source of a model's answers. Raises UnknownModelError; the model need not be loaded."""
        slot = await self._slot(name)
        known = slot.model.id if slot is not None else name
        return LocalSource(known or "", lambda: self.lease(known), lambda: self.check(known))

    async def check(self, name: str | None) -> None:
        """Raise UnavailableError where a model is not there, or could not be loaded. Loads nothing."""
        slot = await self._slot(name)
        if slot is None:
            await self.served.model()
        elif slot.failure is not None:
            raise _load_error(slot, slot.failure)

    @asynccontextmanager
    async def lease(self, name: str | None) -> AsyncIterator[ServedModel]:
        """The model called ``name`` (None: the served one), loaded, and kept so until the block ends.

        Raises UnknownModelError, UnavailableError where it cannot be loaded, StoppingError on a closed registry.
        """
        slot = await self._slot(name)
        if slot is None:
            yield await self.served.model()
            return
        slot.leases += 1
        try:
            yield await self._model_of(slot)
        finally:
            slot.leases -= 1
            slot.used = next(self._uses)

    async def load(self, name: str) -> None:
        """Begin to load a model, unless it is loaded. Raises UnknownModelError."""
        slot = await self._slot(name)
        if slot is not None:
            self._begin(slot)

    async def unload(self, name: str) -> None:
        """Free the memory of a model. Raises UnavailableError for the served one, and for one that is answering."""
        slot = await self._slot(name)
        if slot is None:
            raise UnavailableError(f"{name} is the model that the server was started with", "stop the server")
        if slot.leases or slot.loading is not None:
            raise UnavailableError(f"{slot.model.id} is at work", "stop its answers, or wait for them")
        await self._close_slot(slot)

    async def _slot(self, name: str | None) -> _Slot | None:
        """The slot of a model that is not the served one; None for that. Raises UnknownModelError."""
        if not name or name in ALIASES or self._is_served(name):
            return None
        model = (await self.local_models()).get(name)
        if model is not None and self._load_function is not None:
            slot = self._slots.setdefault(name, _Slot(model))
            slot.model = model  # its files may have changed
            return slot
        served = await self.served.model()  # until it is loaded, its names are unknown
        if self._is_served(name):
            return None
        raise UnknownModelError(name, served.name)

    def _is_served(self, name: str) -> bool:
        state = self.served.state
        return isinstance(state, Ready) and (name == state.model.name or name in state.model.aliases)

    async def _model_of(self, slot: _Slot) -> ServedModel:
        self._begin(slot)
        if slot.loading is not None:
            await asyncio.shield(slot.loading)  # a client that leaves does not end the load
        if slot.failure is not None:
            raise _load_error(slot, slot.failure)
        if slot.runtime is None:  # the registry was closed meanwhile
            raise StoppingError
        return await slot.runtime.model()

    def _begin(self, slot: _Slot) -> None:
        if self.closed:
            raise StoppingError
        if slot.loading is None and not isinstance(slot.state, Ready):
            slot.failure = None
            slot.loading = asyncio.create_task(self._load(slot))

    async def _load(self, slot: _Slot) -> None:
        """Never raises: a failure is left in the slot."""
        assert self._load_function is not None
        self._notify(slot)
        try:
            async with self._turn:
                await self._make_room(slot)
                slot.runtime = Runtime(self._load_function(slot.model))
                slot.runtime.start()
                await slot.runtime.model()
        except StoppingError:
            slot.runtime = None
        except FathomError as error:
            state = slot.runtime.state if slot.runtime is not None else None
            slot.failure = state.error if isinstance(state, Failed) else error
            slot.runtime = None
        finally:
            slot.loading = None
            self._notify(slot)

    async def _make_room(self, slot: _Slot) -> None:
        """Unload idle models until there is memory for one more. Raises UnavailableError where that is not enough."""
        needed = slot.model.memory_bytes
        while (free := self._free_bytes()) is not None and needed > free:
            idle = [each for each in self._slots.values() if isinstance(each.state, Ready) and not each.leases]
            if not idle:
                raise UnavailableError(
                    f"it needs about {human_bytes(needed)} of memory, and {human_bytes(max(free, 0))} are free",
                    "choose a smaller model, close other programs, or start the server with this model alone",
                )
            await self._close_slot(min(idle, key=lambda each: each.used))

    def _free_bytes(self) -> int | None:
        """Memory for another model; None where it is unknown."""
        memory = self._memory()
        if memory.available or not memory.total:
            return memory.available or None
        held = sum(slot.model.memory_bytes for slot in self._slots.values() if isinstance(slot.state, Ready))
        return round(memory.total * USABLE) - held

    async def _close_slot(self, slot: _Slot) -> None:
        runtime, slot.runtime = slot.runtime, None
        if runtime is None:
            return
        logger.info("unloading %s", slot.model.id)
        await runtime.close()
        del runtime
        await asyncio.to_thread(_return_memory)
        self._notify(slot)

    def _notify(self, slot: _Slot) -> None:
        if self.on_change is not None:
            self.on_change(slot.model.id)


class _Slot:
    """One model, and what it is doing. ``used`` orders the slots by their last use."""

    def __init__(self, model: LocalModel) -> None:
        self.model = model
        self.runtime: Runtime | None = None
        self.loading: asyncio.Task[None] | None = None
        self.failure: FathomError | None = None
        self.leases = 0
        self.used = 0

    @property
    def state(self) -> State | None:
        if self.failure is not None:
            return Failed(self.failure)
        if self.runtime is not None:
            return self.runtime.state
        return Loading("waiting") if self.loading is not None else None


def _load_error(slot: _Slot, failure: FathomError) -> UnavailableError:
    return UnavailableError(f"{slot.model.id} could not be loaded: {failure.message}", failure.remedy)


def _return_memory() -> None:
    gc.collect()  # models refer to themselves in cycles
    trim_heap()
