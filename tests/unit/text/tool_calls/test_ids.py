"""Ids of tool calls in the form that a template takes."""

from __future__ import annotations

from fathom.text.tool_calls.ids import fit_call_ids
from fathom.types import Message, ToolCall


def fit(*ids: str) -> list[str]:
    calls = tuple(ToolCall(each, "f", "{}") for each in ids)
    (message,) = fit_call_ids([Message("assistant", "", None, calls)], 9)
    return [call.id for call in message.tool_calls]


def test_an_id_that_fits_stays() -> None:
    assert fit("VvvODy9mT", "000000000") == ["VvvODy9mT", "000000000"]


def test_any_other_is_replaced_by_the_same_every_time() -> None:
    ids = ["call_0123456789abcdef01234567", "", "toolu_01A", "VvvODy9m-", "ä" * 9, "\ud800"]
    fitted = fit(*ids)
    assert fitted == fit(*ids)
    assert len(set(fitted)) == len(ids)
    assert all(len(each) == 9 and each.isascii() and each.isalnum() for each in fitted)
    assert fitted[0] == "fokNjoyEo"


def test_a_result_keeps_the_id_of_its_call() -> None:
    called = Message("assistant", "", None, (ToolCall("call_1", "f", "{}"),))
    result = Message("tool", "18 C", tool_call_id="call_1")
    first, second = fit_call_ids([called, result], 9)
    assert first.tool_calls[0].id == second.tool_call_id


def test_a_result_without_an_id_is_given_one() -> None:
    (result,) = fit_call_ids([Message("tool", "18 C")], 9)
    assert result.tool_call_id is not None
    assert len(result.tool_call_id) == 9


def test_other_messages_stay_as_they_are() -> None:
    messages = [Message("user", "Hi"), Message("assistant", "Hello")]
    assert list(fit_call_ids(messages, 9)) == messages
