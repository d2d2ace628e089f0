"""Conversations to samples: exactly the assistant's tokens are trained on, after exactly the engine's prompt."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fathom.base.errors import DataError
from fathom.data.samples.turns import conversation_samples, message_text
from fathom.data.shards.store import Sample
from fathom.text import r1
from fathom.text.conversation import Chat
from fathom.text.tokenizer import bpe
from fathom.text.tokenizer.tokenizer import Tokenizer
from fathom.types import Conversation, Message, Tool, ToolCall

U, A, E = r1.USER, r1.ASSISTANT, r1.EOS


def shown(chat: Chat, sample: Sample) -> list[tuple[bool, str]]:
    """The sample as runs of text that is learned or not."""
    runs: list[tuple[bool, list[int]]] = []
    assert sample.learned is not None
    for index, learned in zip(sample.ids, sample.learned, strict=True):
        if not runs or runs[-1][0] != learned:
            runs.append((learned, []))
        runs[-1][1].append(index)
    return [(learned, chat.tokenizer.decode(ids, skip_special=False)) for learned, ids in runs]


def test_one_turn_with_thoughts(r1_chat: Chat) -> None:
    talk = Conversation((Message("user", "think?"), Message("assistant", "said", reasoning="words")))
    (sample,) = conversation_samples(r1_chat, talk)
    assert shown(r1_chat, sample) == [
        (False, f"{r1.BOS}{U}think?{A}<think>\n"),
        (True, f"words\n</think>\n\nsaid{E}"),
    ]


def test_turns_without_thoughts_share_a_sample_where_the_template_only_appends(smollm_chat: Chat) -> None:
    talk = Conversation(
        (
            Message("system", "S"),
            Message("user", "a"),
            Message("assistant", "b"),
            Message("user", "c"),
            Message("assistant", "d"),
        )
    )
    (sample,) = conversation_samples(smollm_chat, talk)
    assert shown(smollm_chat, sample) == [
        (False, "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\n"),
        (True, "b<|im_end|>"),
        (False, "\n<|im_start|>user\nc<|im_end|>\n<|im_start|>assistant\n"),
        (True, "d<|im_end|>"),
    ]


def test_a_template_that_drops_past_thoughts_begins_a_new_sample(r1_chat: Chat) -> None:
    talk = Conversation(
        (
            Message("user", "a"),
            Message("assistant", "b", reasoning="one"),
            Message("user", "c"),
            Message("assistant", "d", reasoning="two"),
        )
    )
    first, second = conversation_samples(r1_chat, talk)
    assert shown(r1_chat, first)[-1] == (True, f"one\n</think>\n\nb{E}")
    assert shown(r1_chat, second) == [
        (False, f"{r1.BOS}{U}a{A}b{E}{U}c{A}<think>\n"),
        (True, f"two\n</think>\n\nd{E}"),
    ]


def test_a_turn_without_reasoning_has_a_prompt_without_thinking(r1_chat: Chat) -> None:
    (sample,) = conversation_samples(r1_chat, Conversation((Message("user", "a"), Message("assistant", "b"))))
    assert shown(r1_chat, sample) == [(False, f"{r1.BOS}{U}a{A}<think>\n\n</think>\n\n"), (True, f"b{E}")]


def test_reasoning_is_trained_on_if_the_template_does_not_support_it(smollm_chat: Chat) -> None:
    (sample,) = conversation_samples(
        smollm_chat, Conversation((Message("user", "a"), Message("assistant", "b", reasoning="r")))
    )
    assert shown(smollm_chat, sample)[-1] == (True, "<think>\nr\n</think>\n\nb<|im_end|>")


def test_tool_calls_are_learned_and_their_results_are_not(r1_chat: Chat) -> None:
    talk = Conversation(
        (
            Message("user", "1+1"),
            Message("assistant", reasoning="add", tool_calls=(ToolCall("1", "add", '{"a": 1}'),)),
            Message("tool", "2"),
            Message("assistant", "two"),
        ),
        tools=(Tool("add"),),
    )
    runs = [run for sample in conversation_samples(r1_chat, talk) for run in shown(r1_chat, sample)]
    learned = "".join(text for is_learned, text in runs if is_learned)
    read = "".join(text for is_learned, text in runs if not is_learned)
    assert learned.count("<｜tool▁call▁begin｜>function<｜tool▁sep｜>add\n```json\n") == 1
    assert "<｜tool▁outputs▁begin｜>" not in learned
    assert "<｜tool▁output▁begin｜>2<｜tool▁output▁end｜>" in read
    assert learned.endswith(f"two{E}")


def test_a_message_that_quotes_control_tokens_does_not_become_them(r1_chat: Chat) -> None:
    said = f"write {E} or {U}"
    (sample,) = conversation_samples(
        r1_chat, Conversation((Message("user", E), Message("assistant", said, reasoning="r")))
    )
    eos = r1_chat.tokenizer.token_id(E)
    assert list(sample.ids).count(eos) == 1
    assert sample.ids[-1] == eos
    assert shown(r1_chat, sample)[1] == (True, f"r\n</think>\n\n{said}{E}")


words = st.text(alphabet="ab \n.<|é", min_size=1, max_size=12).filter(lambda text: text.strip() == text)


@given(st.lists(st.tuples(words, words, st.none() | words), min_size=1, max_size=4), st.booleans())
def test_what_is_learned_reads_back_as_the_message(turns: list[tuple[str, str, str | None]], thinks: bool) -> None:
    """Every assistant turn once, after the prompt that the engine would get."""
    chat = Chat(TOKENIZER, bpe.chat_template())
    messages: list[Message] = []
    expected = []
    for asked, said, thought in turns:
        messages += [Message("user", asked), Message("assistant", said, reasoning=thought if thinks else None)]
        expected.append(messages[-1])
    read = []
    for sample in conversation_samples(chat, Conversation(tuple(messages))):
        at = 0
        for learned, text in shown(chat, sample):
            size = len(chat.tokenizer.encode(text))
            if learned:
                asked = messages[: 2 * len(read) + 1]
                prompt = chat.render(Conversation(tuple(asked), thinking=messages[len(asked)].reasoning is not None))
                assert list(prompt.ids) == list(sample.ids[:at])
                assert text.endswith(E)
                read.append(chat.parse(text.removesuffix(E), prompt))
            at += size
    assert read == expected


TOKENIZER: Tokenizer = bpe.train([], bpe.MIN_VOCAB_SIZE)


class TestRefusals:
    def test_a_conversation_without_an_assistant(self, r1_chat: Chat) -> None:
        with pytest.raises(DataError, match="no assistant turn"):
            list(conversation_samples(r1_chat, Conversation((Message("user", "a"),))))

    def test_reasoning_with_a_closing_tag(self, r1_chat: Chat) -> None:
        with pytest.raises(DataError, match="the reasoning contains </think>"):
            list(
                conversation_samples(
                    r1_chat, Conversation((Message("user", "a"), Message("assistant", "b", reasoning="</think>")))
                )
            )


def test_thinking_that_a_prompt_opened_without_a_newline(r1_chat: Chat) -> None:
    prompt = r1_chat.render(Conversation((Message("user", "a"), Message("assistant", "<think>")), prefill=True))
    assert prompt.thinking
    assert message_text(prompt, Message("assistant", "b", reasoning="r")) == "\nr\n</think>\n\nb"
