import io
import json
import signal
from collections.abc import AsyncGenerator, Callable, Iterator
from pathlib import Path

import pytest
from rich.console import Console

from fathom.base.errors import FathomError, RequestError
from fathom.cli.terminal.history import ChatHistory
from fathom.cli.terminal.session import TerminalSession
from fathom.text.events import AnswerText, Event, ThinkingText
from fathom.types import Conversation, Message


@pytest.fixture(autouse=True)
def _own_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FATHOM_HOME", str(tmp_path))


@pytest.fixture(autouse=True)
def _interruptible() -> Iterator[None]:
    """Ctrl-C as at a terminal: a shell starts background jobs with it ignored, and Python then leaves it so."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class Model:
    """Answers with a script, and remembers what it was asked and whether it was let go."""

    def __init__(self, *events: Event, then: Callable[[], object] = lambda: None) -> None:
        self.events = events
        self.then = then
        self.asked: list[Conversation] = []
        self.closed = 0

    async def ask(self, conversation: Conversation) -> AsyncGenerator[Event, None]:
        self.asked.append(conversation)
        try:
            for event in self.events:
                yield event
            self.then()
            yield AnswerText("")
        finally:
            self.closed += 1


def typed(*lines: str) -> Callable[[str], str]:
    """Reads these lines, then meets the end of input."""
    left: Iterator[str] = iter(lines)

    def read(prompt: str) -> str:
        try:
            return next(left)
        except StopIteration:
            raise EOFError from None

    return read


def terminal(model: Model, history: ChatHistory | None = None) -> tuple[TerminalSession, ChatHistory, io.StringIO]:
    out = io.StringIO()
    history = history or ChatHistory()
    console = Console(file=out, width=60, color_system=None, force_terminal=False)
    return TerminalSession(model.ask, history, "tiny", console), history, out


def test_a_conversation_keeps_its_messages() -> None:
    model = Model(ThinkingText("hmm"), AnswerText("Hel"), AnswerText("lo."))
    chat, history, out = terminal(model)
    chat.converse(typed("hi", "", "again"))
    assert [len(conversation.messages) for conversation in model.asked] == [1, 3]
    assert history.messages[:2] == [Message("user", "hi"), Message("assistant", "Hello.", reasoning="hmm")]
    assert out.getvalue().startswith("tiny  /help lists commands")
    assert "Hello." in out.getvalue()
    assert model.closed == 2


def test_a_backslash_continues_the_message() -> None:
    model = Model(AnswerText("ok"))
    chat, _, _ = terminal(model)
    chat.converse(typed("one\\", "two"))
    assert model.asked[0].messages[-1].content == "one\ntwo"


def test_ctrl_c_stops_the_answer_and_keeps_it() -> None:
    model = Model(AnswerText("half an"), then=lambda: signal.raise_signal(signal.SIGINT))
    chat, history, out = terminal(model)
    chat.converse(typed("hi", "still here"))
    assert "(stopped)" in out.getvalue()
    assert len(model.asked) == 2  # it did not end the conversation
    assert history.messages[1].content == "half an"
    assert model.closed == 2


def test_ctrl_c_at_the_prompt_does_not_quit() -> None:
    model = Model(AnswerText("ok"))
    chat, _, out = terminal(model)
    lines = iter([KeyboardInterrupt(), "hi", EOFError()])

    def read(prompt: str) -> str:
        line = next(lines)
        if isinstance(line, BaseException):
            raise line
        return line

    chat.converse(read)
    assert "/quit leaves" in out.getvalue()
    assert len(model.asked) == 1


def test_an_error_is_shown_and_the_question_dropped() -> None:
    def refuse() -> None:
        raise RequestError("the prompt has 9000 tokens", "begin a new one with /new")

    chat, history, out = terminal(Model(then=refuse))
    chat.converse(typed("hi"))
    assert "error: the prompt has 9000 tokens\n  try: begin a new one with /new" in out.getvalue()
    assert history.messages == []


def test_commands_change_the_conversation(tmp_path: Path) -> None:
    model = Model(AnswerText("42"))
    chat, history, out = terminal(model)
    path = tmp_path / "history.json"
    chat.converse(
        typed(
            "/system be brief", "/think on", "what?", "/retry", f"/save {path}", "/new", f"/load {path}", "/nope", "//x"
        )
    )
    assert [conversation.messages[-1].content for conversation in model.asked] == ["what?", "what?", "/x"]
    assert model.asked[1].thinking is True
    assert model.asked[1].messages == (Message("system", "be brief"), Message("user", "what?"))
    assert json.loads(path.read_text())["messages"][0] == {"role": "system", "content": "be brief"}
    assert len(history.messages) == 4
    assert "there is no command /nope" in out.getvalue()


def test_help_lists_every_command_and_quit_leaves() -> None:
    model = Model(AnswerText("never"))
    chat, _, out = terminal(model)
    chat.converse(typed("/help", "/quit", "unreached"))
    for name in ("help", "new", "retry", "think", "system", "save", "load", "quit"):
        assert f"/{name}" in out.getvalue()
    assert model.asked == []


def test_a_pipe_is_one_message(capsys: pytest.CaptureFixture[str]) -> None:
    model = Model(ThinkingText("hmm"), AnswerText("Hello"))
    chat, _, out = terminal(model, ChatHistory(system="be brief"))
    chat.pipe("hi\n")
    assert model.asked[0].messages == (Message("system", "be brief"), Message("user", "hi"))
    assert capsys.readouterr().out == "Hello\n"
    assert out.getvalue() == ""


def test_an_empty_pipe_is_an_error() -> None:
    chat, _, _ = terminal(Model())
    with pytest.raises(FathomError, match="standard input is empty; give a message: echo hi"):
        chat.pipe(" \n")


def test_an_interrupted_pipe_ends_the_command() -> None:
    chat, _, _ = terminal(Model(AnswerText("half"), then=lambda: signal.raise_signal(signal.SIGINT)))
    with pytest.raises(KeyboardInterrupt):
        chat.pipe("hi")
