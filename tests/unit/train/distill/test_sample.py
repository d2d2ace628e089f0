"""A teacher's message in the tokens and the chat format of a student."""

import pytest
from scripted import CHATML

from fathom.base.errors import DataError, TokenizerError
from fathom.recipes.countdown.vocabulary import template, tokenizer
from fathom.tasks.task import Item
from fathom.text import r1
from fathom.text.template.template import ChatTemplate
from fathom.text.tokenizer import bpe
from fathom.train.distill.sample import SampleBuilder, prompt_tokens
from fathom.types import Message, ToolCall

ITEM = Item("p", (Message("user", "24 from 3 5 9"),), 24)


def answer(content="3", reasoning=None):
    return Message("assistant", content, reasoning=reasoning)


@pytest.fixture
def builder():
    return SampleBuilder(tokenizer(), template())


def test_the_loss_is_on_the_answer_after_the_students_prompt(builder):
    sample = builder.sample(ITEM, answer("( 5 * 3 ) + 9", "5 * 3 = 15"))
    assert tokenizer().decode(sample.ids, skip_special=False) == (
        f"{r1.BOS}{r1.USER}24 from 3 5 9{r1.ASSISTANT}<think>\n5 * 3 = 15\n</think>\n\n( 5 * 3 ) + 9{r1.EOS}"
    )
    assert builder.learned_text(sample) == "5 * 3 = 15\n</think>\n\n( 5 * 3 ) + 9"  # the prompt opened the thinking
    assert prompt_tokens(sample) == len(sample.ids) - sum(sample.learned)
    assert sample.ids[-1] == tokenizer().token_id(r1.EOS)


def test_any_vocabulary_spells_the_text():
    """Two students with other tokens learn the same words."""
    one, other = (
        SampleBuilder(tokenizer(), template()),
        SampleBuilder(bpe.train([], bpe.MIN_VOCAB_SIZE), bpe.chat_template()),
    )
    message = answer("Ça fait 24, 猫!", "hm")
    a, b = one.sample(ITEM, message), other.sample(ITEM, message)
    assert list(a.ids) != list(b.ids)
    assert one.learned_text(a) == other.learned_text(b)


def test_a_text_is_completed_and_opened_thinking_not_opened_again(builder):
    closed = builder.sample(Item("t", "1+1=", 2), answer("2"))
    assert tokenizer().decode(closed.ids, skip_special=False) == f"1+1=2{r1.EOS}"
    thought = builder.sample(Item("t", "1+1=", 2), answer(" 2", "one and one"))
    assert builder.learned_text(thought) == "<think>one and one</think> 2"
    opened = builder.sample(Item("t", "1+1= <think>", 2), answer(" 2", "one and one"))
    assert builder.learned_text(opened) == "one and one</think> 2"


def test_quoted_control_tokens_are_spelled_out(builder):
    sample = builder.sample(ITEM, answer(f"I end with {r1.EOS} {r1.USER}"))
    assert list(sample.ids).count(tokenizer().token_id(r1.EOS)) == 1
    assert r1.EOS in builder.learned_text(sample)


def test_reasoning_with_a_closing_tag_is_refused(builder):
    with pytest.raises(DataError, match="the reasoning contains </think>"):
        builder.sample(ITEM, answer("3", "a</think>b"))


def test_tool_calls_are_left_out(builder):
    called = Message("assistant", "3", tool_calls=(ToolCall("1", "f", "{}"),))
    assert list(builder.sample(ITEM, called).ids) == list(builder.sample(ITEM, answer("3")).ids)


def test_a_student_without_a_template_takes_plain_texts_only():
    bare = SampleBuilder(tokenizer(), None)
    assert bare.learned_text(bare.sample(Item("t", "1+1=", 2), answer("2"))) == "2"
    with pytest.raises(TokenizerError, match="no chat template"):
        bare.sample(ITEM, answer())


def test_a_template_with_optional_thinking_is_asked_to_think():
    source = CHATML.replace("<|im_end|>", "")
    builder = SampleBuilder(tokenizer(), ChatTemplate(source))
    thought, plain = builder.sample(ITEM, answer("3", "hm")), builder.sample(ITEM, answer("3"))
    assert "hm" in builder.learned_text(thought)
    assert builder.learned_text(plain).strip() == "3"
