import json
from pathlib import Path

import pytest

from fathom.base.errors import FathomError
from fathom.cli.terminal.history import ChatHistory
from fathom.types import Message


def test_a_question_is_sent_with_the_whole_conversation() -> None:
    history = ChatHistory(system="be brief", thinking=True)
    history.add_exchange("hi", "hello", "they greet")
    conversation = history.conversation("and now?")
    assert conversation.messages == (
        Message("system", "be brief"),
        Message("user", "hi"),
        Message("assistant", "hello", reasoning="they greet"),
        Message("user", "and now?"),
    )
    assert conversation.thinking is True
    assert len(history.messages) == 2  # the open question stays only once it is answered


def test_the_last_exchange_can_be_removed() -> None:
    history = ChatHistory()
    assert history.take_back() is None
    history.add_exchange("one", "1", None)
    history.add_exchange("two", "2", None)
    assert history.take_back() == "two"
    assert [message.content for message in history.messages] == ["one", "1"]
    history.clear()
    assert history.messages == []


def test_a_conversation_survives_a_file(tmp_path: Path) -> None:
    history = ChatHistory(system="be brief")
    history.add_exchange("grüße 你好", "hello", "they greet")
    history.add_exchange("more", "no", None)
    path = tmp_path / "deep" / "history.json"
    history.save(path)
    again = ChatHistory()
    again.load(path)
    assert again == history
    assert json.loads(path.read_text(encoding="utf-8"))["messages"][2] == {
        "role": "assistant",
        "content": "hello",
        "reasoning_content": "they greet",
    }


@pytest.mark.parametrize(
    "text",
    [
        "not json",
        "[]",
        '{"messages": 5}',
        '{"messages": [{"role": "user"}]}',
        '{"messages": [{"role": "robot", "content": "x"}]}',
        '{"messages": [{"role": "user", "content": 5}]}',
        '{"messages": [{"role": "user", "content": "unanswered"}]}',
        '{"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y", "reasoning_content": 1}]}',  # noqa: E501
    ],
)
def test_loading_an_invalid_file_changes_nothing(text: str, tmp_path: Path) -> None:
    path = tmp_path / "history.json"
    path.write_text(text)
    history = ChatHistory(system="stay")
    history.add_exchange("hi", "hello", None)
    with pytest.raises(FathomError, match="/save"):
        history.load(path)
    assert (history.system, len(history.messages)) == ("stay", 2)


def test_a_missing_file_and_a_bad_place_are_told(tmp_path: Path) -> None:
    with pytest.raises(FathomError, match=r"No such file.*check the path: /load PATH"):
        ChatHistory().load(tmp_path / "missing.json")
    (tmp_path / "file").touch()
    with pytest.raises(FathomError, match="choose another place: /save PATH"):
        ChatHistory().save(tmp_path / "file" / "history.json")
