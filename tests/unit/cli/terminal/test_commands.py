import io
from pathlib import Path

import pytest
from rich.console import Console

from fathom.base.errors import FathomError
from fathom.cli.terminal.commands import Commands, Quit
from fathom.cli.terminal.history import ChatHistory


@pytest.fixture
def out() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def history() -> ChatHistory:
    return ChatHistory()


@pytest.fixture
def commands(history: ChatHistory, out: io.StringIO) -> Commands:
    return Commands(history, Console(file=out, width=80))


@pytest.mark.parametrize(("word", "thinking"), [("on", True), ("off", False), ("auto", None)])
def test_think(word: str, thinking: bool | None, commands: Commands, history: ChatHistory, out: io.StringIO) -> None:
    commands.run(f"/think {word}")
    assert history.thinking is thinking
    commands.run("/think")  # without a word it only prints the state
    assert history.thinking is thinking
    assert out.getvalue() == f"thinking: {word}\n" * 2


def test_think_refuses_other_words(commands: Commands) -> None:
    with pytest.raises(FathomError, match="choose on, off or auto"):
        commands.run("/think hard")


def test_system_sets_and_removes(commands: Commands, history: ChatHistory) -> None:
    commands.run("/system be brief, please")
    assert history.system == "be brief, please"
    commands.run("/system")
    assert history.system is None


def test_retry_returns_the_question(commands: Commands, history: ChatHistory, out: io.StringIO) -> None:
    assert commands.run("/retry") is None
    assert "nothing to ask again" in out.getvalue()
    history.add_exchange("why?", "because", None)
    assert commands.run("/retry") == "why?"


def test_save_without_a_path_goes_to_the_persons_data(
    commands: Commands, history: ChatHistory, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FATHOM_HOME", str(tmp_path))
    history.add_exchange("a", "b", None)
    commands.run("/save")
    assert (tmp_path / "data" / "conversation.json").exists()
    commands.run("/new")
    assert history.messages == []
    commands.run("/load")
    assert len(history.messages) == 2


def test_quit(commands: Commands) -> None:
    with pytest.raises(Quit):
        commands.run("/quit")


def test_a_doubled_slash_is_a_message(commands: Commands) -> None:
    assert commands.run("//etc is a path") == "/etc is a path"
