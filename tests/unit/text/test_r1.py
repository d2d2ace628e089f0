"""The template of the R1 format, beside DeepSeek's own where that exists, and read back by the conversation core."""

import pytest

from fathom.text import r1
from fathom.text.conversation import Chat
from fathom.text.template.template import ChatTemplate
from fathom.text.tokenizer import bpe
from fathom.types import Conversation, Message, Tool, ToolCall

S, U, A, E = r1.BOS, r1.USER, r1.ASSISTANT, r1.EOS
TEMPLATE = bpe.chat_template()
CALL = ToolCall("call_1", "add", '{"a": 1}')


def render(*messages: Message, thinking: bool | None = None) -> str:
    return TEMPLATE.render(Conversation(messages, thinking=thinking))


@pytest.mark.parametrize(
    "messages",
    [
        (Message("user", "hi"),),
        (Message("system", "be kind"), Message("system", "be brief"), Message("user", " hi\n")),
        (Message("user", "a"), Message("assistant", "thoughts</think>b"), Message("user", "c")),
        (Message("user", "a"), Message("assistant", "b", reasoning="hidden"), Message("user", "c")),
    ],
)
def test_it_writes_what_deepseeks_template_writes(messages: tuple[Message, ...], deepseek_chat: Chat) -> None:
    """The packaged template is V3's, which R1's differs from in the opened thinking."""
    assert render(*messages) == deepseek_chat.template.render(Conversation(messages)) + "<think>\n"


def test_tools_literally() -> None:
    asked = (Message("user", "1?"), Message("assistant", tool_calls=(CALL, CALL)))
    calls = (
        "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>add\n```json\n"
        '{"a": 1}\n```<｜tool▁call▁end｜>\n<｜tool▁call▁begin｜>function<｜tool▁sep｜>add\n```json\n'
        '{"a": 1}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>'
    )
    outputs = (
        "<｜tool▁outputs▁begin｜><｜tool▁output▁begin｜>1<｜tool▁output▁end｜>"
        "<｜tool▁output▁begin｜>2<｜tool▁output▁end｜><｜tool▁outputs▁end｜>"
    )
    answered = (*asked, Message("tool", "1"), Message("tool", "2"))
    assert render(*answered) == f"{S}{U}1?{A}{calls}{E}{outputs}"
    assert render(*answered, Message("assistant", "3"), Message("user", "?")) == (
        f"{S}{U}1?{A}{calls}{E}{outputs}3{E}{U}?{A}<think>\n"
    )


def test_without_thinking_the_turn_opens_behind_empty_thoughts() -> None:
    assert render(Message("user", "a"), thinking=False) == f"{S}{U}a{A}<think>\n\n</think>\n\n"
    assert render(Message("user", "a"), thinking=True) == f"{S}{U}a{A}<think>\n"


def test_the_conversation_core_knows_it() -> None:
    chat = Chat(bpe.train(["some text"], 300), TEMPLATE)
    tool = Tool("add", parameters={"type": "object"})
    prompt = chat.render(Conversation((Message("user", "1?"),), tools=(tool,)))
    assert (prompt.dialect.name, prompt.thinking, prompt.stop_token_ids) == ("deepseek", True, {1})
    said = Message("assistant", "fine", reasoning="so\nlet me see", tool_calls=(CALL,))
    written = prompt.dialect.write(said).removeprefix("<think>\n")
    assert chat.parse(written, prompt, new_id=lambda: "call_1") == said
    quiet = chat.render(Conversation((Message("user", "1?"),), thinking=False))
    assert not quiet.thinking


def test_it_continues_a_message() -> None:
    messages = (Message("user", "a"), Message("assistant", "b"))
    text = ChatTemplate(r1.TEMPLATE, bos=S, eos=E).render(Conversation(messages, prefill=True))
    assert text == f"{S}{U}a{A}b"
