"""The life cycle of a served model: loading, ready, failed, closed."""

from __future__ import annotations

import asyncio
import threading

import pytest
from scripted import instantly, scripted_model

from fathom.base.errors import CheckpointError
from fathom.server.errors import StoppingError, UnavailableError
from fathom.server.models.runtime import Absent, Failed, Loading, Ready, Runtime


async def test_early_requests_wait():
    go_on = threading.Event()
    served = scripted_model()

    def load(progress):
        progress("reading weights", 0.5)
        assert go_on.wait(60)
        return served

    runtime = Runtime(load)
    assert runtime.state == Loading("starting", None)
    runtime.start()
    waiting = [asyncio.create_task(runtime.model()) for _ in range(3)]
    while runtime.state == Loading("starting", None):
        await asyncio.sleep(0.001)
    assert runtime.state == Loading("reading weights", 0.5)
    go_on.set()
    assert await asyncio.gather(*waiting) == [served] * 3
    assert runtime.state == Ready(served)
    await runtime.close()
    assert served.engine.closed
    with pytest.raises(StoppingError):
        await runtime.model()


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (CheckpointError("the file ends early", "download it again"), "the file ends early; download it again"),
        (MemoryError("no more"), "MemoryError: no more; the log has the details"),
    ],
)
async def test_a_failure_is_reported_with_its_remedy(error, message):
    def load(progress):
        raise error

    errors = []
    runtime = Runtime(load)
    runtime.on_failure = errors.append
    runtime.start()
    with pytest.raises(UnavailableError) as unavailable:
        await runtime.model()
    assert str(unavailable.value) == f"the model could not be loaded: {message}"
    assert isinstance(runtime.state, Failed)
    assert errors == [runtime.state.error]


async def test_closing_while_it_loads_closes_what_comes_later():
    go_on = threading.Event()
    served = scripted_model()

    def load(progress):
        assert go_on.wait(60)
        return served

    runtime = Runtime(load)
    runtime.start()
    waiting = asyncio.create_task(runtime.model())
    await asyncio.sleep(0)
    await runtime.close()
    with pytest.raises(StoppingError):
        await waiting
    go_on.set()
    while not served.engine.closed:
        await asyncio.sleep(0.001)


async def test_no_model_at_all():
    runtime = Runtime(instantly(scripted_model()))
    await runtime.close()
    with pytest.raises(StoppingError):
        await runtime.model()


async def test_without_a_model_of_its_own_a_server_says_how_to_name_another():
    runtime = Runtime(None)
    runtime.start()
    assert runtime.state == Absent()
    with pytest.raises(UnavailableError, match=r"no model of its own; name one of those that GET /v1/models lists"):
        await runtime.model()
    await runtime.close()
