"""A teacher's answer: texts that can be written and tokenized, of bounded length."""

from fathom.train.distill.teacher import MAX_ANSWER, make_answer


def test_an_answer_keeps_text_and_reasoning():
    answer = make_answer("4", "2+2", tokens=7)
    assert (answer.message.content, answer.message.reasoning) == ("4", "2+2")
    assert (answer.ending, answer.tokens, answer.detail) == ("stop", 7, "")


def test_halves_of_surrogate_pairs_are_replaced():
    answer = make_answer("a\ud800b", "\udfff")
    assert (answer.message.content, answer.message.reasoning) == ("a?b", "?")
    assert answer.message.content.encode()


def test_reasoning_and_text_together_are_bounded():
    answer = make_answer("y" * 100, "x" * (MAX_ANSWER - 40))
    assert (len(answer.message.content), answer.ending) == (40, "length")
    answer = make_answer("y", "x" * (MAX_ANSWER + 1))
    assert (len(answer.message.reasoning or ""), answer.message.content, answer.ending) == (MAX_ANSWER, "", "length")


def test_a_call_of_a_tool_is_a_refusal():
    answer = make_answer("4", None, calls=True)
    assert (answer.ending, answer.detail) == ("refused", "it calls a tool")
