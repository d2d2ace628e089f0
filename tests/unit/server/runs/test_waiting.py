import asyncio

from run_harness import until

from fathom.base.errors import FathomError
from fathom.server.runs.waiting import WaitingRuns


class Models:
    """``there``: which runs could go on. ``went`` have; ``asked`` counts questions."""

    def __init__(self):
        self.there, self.went, self.asked = set(), [], 0
        self.broken = None

    async def check(self, run):
        self.asked += 1
        if self.broken:
            raise self.broken
        if run not in self.there:
            raise FathomError("not there")

    async def resume(self, run):
        await asyncio.sleep(0)
        self.went.append(run)


async def test_each_run_goes_on_once_when_its_model_is_there():
    models = Models()
    waiting = WaitingRuns(models.check, models.resume, pause=0.001)
    waiting.add("a")
    waiting.add("b")
    await until(lambda: models.asked > 4)
    models.there = {"b"}
    await until(lambda: models.went)
    asked = models.asked
    await until(lambda: models.asked > asked + 2)
    assert models.went == ["b"]
    for models.broken in (ZeroDivisionError(), asyncio.CancelledError()):
        asked = models.asked
        await until(lambda asked=asked: models.asked > asked + 1)
    models.broken, models.there = None, {"a", "b"}
    await until(lambda: len(models.went) == 2)
    assert models.went == ["b", "a"]
    await waiting.close()


async def test_a_change_is_asked_after_at_once_and_an_ended_run_no_more():
    models = Models()
    waiting = WaitingRuns(models.check, models.resume, pause=3600)
    for run in "ab":
        waiting.add(run)
    await asyncio.sleep(0)
    waiting.remove("a")
    models.there = {"a", "b"}
    waiting.wake()
    await until(lambda: models.went)
    assert (models.went, models.asked) == (["b"], 1)
    waiting.add("c")
    await waiting.close()


async def test_a_run_that_waits_again_is_asked_after_more_rarely(monkeypatch):
    pauses, timeout = [], asyncio.timeout
    monkeypatch.setattr(asyncio, "timeout", lambda pause: pauses.append(pause) or timeout(0))
    models = Models()
    models.there = {"a"}
    waiting = WaitingRuns(models.check, models.resume, pause=100)
    for _ in range(4):
        went = len(models.went)
        waiting.add("a")
        await until(lambda went=went: len(models.went) > went)
    assert pauses == [100, 200, 300, 300]
    waiting.remove("a")
    waiting.add("a")
    await until(lambda: len(models.went) == 5)
    assert pauses[-1] == 100
