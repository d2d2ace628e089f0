"""Several models: loaded when they are asked for, unloaded to make room, and never while they answer."""

from __future__ import annotations

import asyncio
import threading

import pytest
from made_models import local_model
from scripted import instantly, scripted_model

from fathom.base.errors import CheckpointError
from fathom.base.memory import Memory
from fathom.server.errors import StoppingError, UnavailableError, UnknownModelError
from fathom.server.models.local import LocalModel
from fathom.server.models.registry import ModelRegistry
from fathom.server.models.runtime import Failed, Loading, Ready, Runtime

GB = 1_000_000_000


class Machine:
    """A machine with ``memory`` bytes free beside the served model, and models by their size in GB."""

    def __init__(self, memory: int = 100 * GB, **sizes: int) -> None:
        self.models = {name: local_model(name, size) for name, size in sizes.items()}
        self.free = memory
        self.made: dict[str, list] = {}
        self.failure: Exception | None = None
        self.gate = threading.Event()
        self.gate.set()
        self.changes: list[str] = []
        self.registry = ModelRegistry(
            Runtime(instantly(scripted_model())), lambda: self.models, self.load_function, memory=self.memory
        )
        self.registry.on_change = self.changes.append
        self.registry.start()

    def load_function(self, model: LocalModel):
        def load(progress):
            progress("reading weights", 0.5)
            assert self.gate.wait(60)
            if self.failure is not None:
                raise self.failure
            made = scripted_model()
            self.made.setdefault(model.id, []).append(made)
            return made

        return load

    def memory(self) -> Memory:
        held = sum(
            self.models[name].memory_bytes
            for name, made in self.made.items()
            if not made[-1].engine.closed
        )  # fmt: skip
        return Memory(self.free, self.free - held)

    def loaded(self) -> set[str]:
        return {name for name in self.models if isinstance(self.registry.state_of(name), Ready)}


async def use(machine: Machine, name: str | None):
    async with machine.registry.lease(name) as served:
        return served


async def test_the_served_model_answers_to_its_names_and_to_none():
    registry = ModelRegistry(Runtime(instantly(scripted_model(aliases=frozenset({"path/to/it"})))))
    registry.start()
    for name in (None, "", "scripted", "path/to/it", "deepseek-chat", "deepseek-reasoner"):
        async with registry.lease(name) as served:
            assert served.name == "scripted"
    for name in ("Scripted", "gpt-4o"):
        with pytest.raises(UnknownModelError) as error:
            await registry.source(name)
    assert str(error.value) == "the model 'gpt-4o' is not served here; ask for 'scripted', or leave the model out"


async def test_a_model_is_loaded_once_for_all_that_ask_at_the_same_time():
    machine = Machine(a=1)
    assert machine.registry.state_of("a") is None
    first, second = await asyncio.gather(use(machine, "a"), use(machine, "a"))
    assert first is second
    assert machine.loaded() == {"a"}
    assert machine.changes == ["a", "a"]  # it loads, it has loaded


async def test_progress_can_be_watched():
    machine = Machine(a=1)
    machine.gate.clear()
    await machine.registry.load("a")
    assert machine.registry.state_of("a") == Loading("waiting")
    while machine.registry.state_of("a") != Loading("reading weights", 0.5):
        await asyncio.sleep(0.001)
    machine.gate.set()
    await use(machine, "a")
    await machine.registry.load("a")  # nothing more to do
    assert len(machine.made["a"]) == 1


async def test_the_least_recently_used_gives_way():
    machine = Machine(memory=9 * GB, a=3, b=3, c=3)
    for name in ("a", "b", "a", "c"):
        await use(machine, name)
    assert machine.loaded() == {"a", "c"}
    assert machine.made["b"][0].engine.closed
    assert not machine.made["a"][0].engine.closed
    await use(machine, "b")  # comes back when asked for again
    assert machine.loaded() == {"b", "c"}


async def test_none_that_is_answering_gives_way():
    machine = Machine(memory=5 * GB, a=3, b=3)
    async with machine.registry.lease("a"):
        with pytest.raises(UnavailableError) as error:
            await use(machine, "b")
        assert machine.loaded() == {"a"}
        failed = machine.registry.state_of("b")
        with pytest.raises(UnavailableError, match="a is at work; stop its answers, or wait for them"):
            await machine.registry.unload("a")
    assert isinstance(failed, Failed)
    assert str(error.value).startswith(
        "b could not be loaded: it needs about 3.5 GB of memory, and 1.4 GB are free; choose a smaller model"
    )
    await use(machine, "b")  # the failure is no verdict for ever
    assert machine.loaded() == {"b"}


async def test_where_the_system_does_not_tell_what_is_available_the_total_counts():
    machine = Machine(a=3, b=3)
    machine.registry._memory = lambda: Memory(8 * GB, 0)
    await use(machine, "a")
    await use(machine, "b")
    assert machine.loaded() == {"b"}
    machine.registry._memory = lambda: Memory(0, 0)  # nothing is known: it is tried
    await use(machine, "a")
    assert machine.loaded() == {"a", "b"}


async def test_a_failure_is_reported_with_its_remedy_and_the_next_request_tries_again():
    machine = Machine(a=1)
    machine.failure = CheckpointError("the file ends early", "download it again")
    with pytest.raises(UnavailableError, match="a could not be loaded: the file ends early; download it again"):
        await use(machine, "a")
    assert machine.registry.state_of("a") == Failed(machine.failure)
    machine.failure = None
    await use(machine, "a")
    assert machine.loaded() == {"a"}


async def test_a_client_that_leaves_does_not_end_the_load():
    machine = Machine(a=1)
    machine.gate.clear()
    waiting = asyncio.create_task(use(machine, "a"))
    while machine.registry.state_of("a") is None:
        await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    machine.gate.set()
    await use(machine, "a")
    assert len(machine.made["a"]) == 1


async def test_unloading():
    machine = Machine(a=1)
    await use(machine, "a")
    await machine.registry.unload("a")
    assert machine.loaded() == set()
    assert machine.made["a"][0].engine.closed
    with pytest.raises(UnavailableError, match="scripted is the model that the server was started with"):
        await machine.registry.unload("scripted")


async def test_closing_ends_loads_and_engines():
    machine = Machine(a=1, b=1)
    await use(machine, "a")
    machine.gate.clear()
    waiting = asyncio.create_task(use(machine, "b"))
    while not isinstance(machine.registry.state_of("b"), Loading):
        await asyncio.sleep(0)
    await machine.registry.close()
    with pytest.raises((StoppingError, asyncio.CancelledError)):
        await waiting
    machine.gate.set()
    assert machine.made["a"][0].engine.closed
    with pytest.raises(StoppingError):
        await use(machine, "a")


async def test_a_source_keeps_its_model_while_it_answers():
    machine = Machine(a=1)
    source = await machine.registry.source("a")
    assert (source.name, machine.loaded()) == ("a", set())
    assert (await source.abilities()).context == 4096
    async with source.lease():
        with pytest.raises(UnavailableError):
            await machine.registry.unload("a")


async def test_whether_a_model_is_there_is_known_without_loading_it():
    machine = Machine(a=1)
    await (await machine.registry.source("a")).check()
    await (await machine.registry.source(None)).check()
    assert machine.registry.state_of("a") is None
    machine.failure = CheckpointError("weights are cut off", "fetch it again")
    with pytest.raises(UnavailableError):
        await use(machine, "a")
    with pytest.raises(UnavailableError, match="a could not be loaded: weights are cut off; fetch it again"):
        await machine.registry.check("a")
    machine.failure = None
    await use(machine, "a")
    await machine.registry.check("a")
    del machine.models["a"]
    with pytest.raises(UnknownModelError):
        await machine.registry.check("a")
    await machine.registry.close()
