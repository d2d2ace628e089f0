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
def lessons():
    return SampleBuilder(tokenizer(), template())


def test_the_answer_is_learned_behind_the_students_own_prompt(lessons):
    sample = lessons.sample(ITEM, answer("( 5 * 3 ) + 9", "5 * 3 = 15"))
    assert tokenizer().decode(sample.ids, skip_special=False) == (
        f"{r1.BOS}{r1.USER}24 from 3 5 9{r1.ASSISTANT}<think>\n5 * 3 = 15\n</think>\n\n( 5 * 3 ) + 9{r1.EOS}"
    )
    assert lessons.learned_text(sample) == "5 * 3 = 15\n</think>\n\n( 5 * 3 ) + 9"  # the prompt opened the thinking
    assert prompt_tokens(sample) == len(sample.ids) - sum(sample.learned)
    assert sample.ids[-1] == tokenizer().token_id(r1.EOS)


def test_text_goes_over_whatever_the_vocabulary():
    """Two students with other tokens learn the same words."""
    one, other = (
        SampleBuilder(tokenizer(), template()),
        SampleBuilder(bpe.train([], bpe.MIN_VOCAB_SIZE), bpe.chat_template()),
    )
    message = answer("Ça fait 24, 猫!", "hm")
    a, b = one.sample(ITEM, message), other.sample(ITEM, message)
    assert list(a.ids) != list(b.ids)
    assert one.learned_text(a) == other.learned_text(b)


def test_a_text_is_completed_and_opened_thinking_not_opened_again(lessons):
    closed = lessons.sample(Item("t", "1+1=", 2), answer("2"))
    assert tokenizer().decode(closed.ids, skip_special=False) == f"1+1=2{r1.EOS}"
    thought = lessons.sample(Item("t", "1+1=", 2), answer(" 2", "one and one"))
    assert lessons.learned_text(thought) == "<think>one and one</think> 2"
    opened = lessons.sample(Item("t", "1+1= <think>", 2), answer(" 2", "one and one"))
    assert lessons.learned_text(opened) == "one and one</think> 2"


def test_quoted_control_tokens_are_spelled_out(lessons):
    sample = lessons.sample(ITEM, answer(f"I end with {r1.EOS} {r1.USER}"))
    assert list(sample.ids).count(tokenizer().token_id(r1.EOS)) == 1
    assert r1.EOS in lessons.learned_text(sample)


def test_thoughts_that_close_themselves_are_no_lesson(lessons):
    with pytest.raises(DataError, match="the reasoning contains </think>"):
        lessons.sample(ITEM, answer("3", "a</think>b"))


def test_tool_calls_are_left_out(lessons):
    called = Message("assistant", "3", tool_calls=(ToolCall("1", "f", "{}"),))
    assert list(lessons.sample(ITEM, called).ids) == list(lessons.sample(ITEM, answer("3")).ids)


def test_a_student_without_a_template_learns_texts_only():
    bare = SampleBuilder(tokenizer(), None)
    assert bare.learned_text(bare.sample(Item("t", "1+1=", 2), answer("2"))) == "2"
    with pytest.raises(TokenizerError, match="no chat template"):
        bare.sample(ITEM, answer())


def test_a_template_that_thinks_only_when_asked_is_asked():
    source = CHATML.replace("<|im_end|>", "")
    lessons = SampleBuilder(tokenizer(), ChatTemplate(source))
    thought, said = lessons.sample(ITEM, answer("3", "hm")), lessons.sample(ITEM, answer("3"))
    assert "hm" in lessons.learned_text(thought)
    assert lessons.learned_text(said).strip() == "3"
