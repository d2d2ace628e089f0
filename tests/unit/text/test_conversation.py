"""A conversation to a prompt and back, on the real SmolLM2 and DeepSeek-V3 vocabularies and templates."""

from __future__ import annotations

from fathom.text.conversation import Chat
from fathom.types import Conversation, Message, Tool, ToolCall

WEATHER = Tool("weather", "The weather in a city", {"type": "object", "properties": {"city": {"type": "string"}}})
HELLO = Conversation((Message("user", "Hello"),))


def test_smollm_prompt(smollm_chat: Chat) -> None:
    prompt = smollm_chat.render(HELLO)
    assert prompt.text == (
        "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n"
        "<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n"
    )
    assert prompt.ids[:3] == (1, 9690, 198)
    assert prompt.stop_token_ids == {2}
    assert prompt.stop == ()
    assert not prompt.thinking


def test_plain_answer_streams_untouched(smollm_chat: Chat) -> None:
    message = smollm_chat.parse("\n  Hi <think> </think>\n\n", smollm_chat.render(HELLO))
    assert message == Message("assistant", "\n  Hi <think> </think>\n\n")


def test_deepseek_thinks_by_itself_or_from_the_prompt(deepseek_chat: Chat) -> None:
    prompt = deepseek_chat.render(HELLO)
    assert prompt.text == "<｜begin▁of▁sentence｜><｜User｜>Hello<｜Assistant｜>"
    assert deepseek_chat.parse("<think>\nHm.\n</think>\n\nHi!", prompt) == Message("assistant", "Hi!", "Hm.")

    opened = deepseek_chat.render(Conversation((*HELLO.messages, Message("assistant", "<think>\n")), prefill=True))
    assert opened.text.endswith("<｜Assistant｜><think>\n")
    assert opened.thinking
    assert deepseek_chat.parse("Hm.\n</think>\n\nHi!", opened) == Message("assistant", "Hi!", "Hm.")


def test_tools_are_explained_where_the_template_does_not(smollm_chat: Chat, deepseek_chat: Chat) -> None:
    for chat in (smollm_chat, deepseek_chat):
        prompt = chat.render(Conversation(HELLO.messages, tools=(WEATHER,)))
        assert '"The weather in a city"' in prompt.text
        call = ToolCall("call_0", "weather", '{"city": "São Paulo"}')
        said = Message("assistant", "Let me look.", None, (call,))
        assert chat.parse(prompt.dialect.write(said), prompt, new_id=lambda: "call_0") == said
