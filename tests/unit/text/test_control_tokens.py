"""Control tokens in user and tool messages are encoded as ordinary text."""

from __future__ import annotations

from fathom.text.control_tokens import ControlTokenGuard
from fathom.types import Conversation, Message

GUARD = ControlTokenGuard(["<|end|>", "<|end|>x"])


def conversation(*messages: tuple[str, str]) -> Conversation:
    return Conversation(tuple(Message(role, content) for role, content in messages))  # type: ignore[arg-type]


def test_nothing_is_marked_without_control_tokens() -> None:
    plain = conversation(("system", "<|end|>"), ("user", "hi"), ("assistant", "<|end|>"))
    marked = GUARD.mark(plain)
    assert (marked.conversation, marked.mark) == (plain, "")
    assert marked.plain("text") == marked.unmark("text") == "text"
    assert marked.pieces("text") == [("text", True)]


def test_users_and_tools_cannot_write_control_tokens() -> None:
    marked = GUARD.mark(conversation(("system", "<|end|>"), ("user", "a<|end|>xb"), ("tool", "<|end|>")))
    mark = marked.mark
    assert [message.content for message in marked.conversation.messages] == [
        "<|end|>",
        f"a{mark}<|end|>x{mark}b",
        f"{mark}<|end|>{mark}",
    ]
    rendered = f"[a{mark}<|end|>x{mark}b]"
    assert marked.plain(rendered) == "[a<|end|>xb]"
    assert marked.unmark(rendered) == "[ab]"
    assert marked.pieces(rendered) == [("[a", True), ("<|end|>x", False), ("b]", True)]


def test_names_are_escaped_too() -> None:
    marked = GUARD.mark(Conversation((Message("user", "hi", name="<|end|>"), Message("tool", "1", name="f"))))
    assert [message.name for message in marked.conversation.messages] == [f"{marked.mark}<|end|>{marked.mark}", "f"]


def test_a_mark_that_the_conversation_contains_is_not_used() -> None:
    marked = GUARD.mark(conversation(("user", "<|end|>\ufdd0")))
    assert marked.mark == "\ufdd1"


def test_with_every_mark_taken_one_is_removed_from_the_messages() -> None:
    every = "".join(map(chr, range(0xFDD0, 0xFDF0)))
    marked = GUARD.mark(conversation(("user", f"<|end|>{every}")))
    assert marked.mark == "\ufdd0"
    assert marked.conversation.messages[0].content == f"\ufdd0<|end|>\ufdd0{every[1:]}"
