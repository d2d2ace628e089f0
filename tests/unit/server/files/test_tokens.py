"""Tokens by the served model's tokenizer, or an estimate."""

from __future__ import annotations

from scripted import instantly, scripted_model

from fathom.base.errors import FathomError
from fathom.server.files.tokens import RuntimeTokens, estimate_tokens
from fathom.server.models.runtime import Runtime


async def test_the_model_counts():
    served = scripted_model()
    runtime = Runtime(instantly(served))
    runtime.start()
    assert await RuntimeTokens(runtime).count(["some text"]) == [len(served.tokenizer.encode("some text"))]
    await runtime.close()


async def test_an_estimate_without_a_model():
    def fail(_: object) -> None:
        raise FathomError("no such model")

    runtime = Runtime(fail)  # type: ignore[arg-type]
    runtime.start()
    assert await RuntimeTokens(runtime).count(["12345678", "字"]) == [2, 1]
    await runtime.close()


def test_the_estimate_rounds_up():
    assert [estimate_tokens(text) for text in ("", "a", "abcde")] == [0, 1, 2]
