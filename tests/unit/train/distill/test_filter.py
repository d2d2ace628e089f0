"""What is learned of a teacher's answers, and what is not, with the reason."""

import pytest

from fathom.recipes.countdown.vocabulary import template, tokenizer
from fathom.tasks.task import Item
from fathom.train.distill.config import FilterConfig
from fathom.train.distill.filter import filter_traces, nothing_left_error
from fathom.train.distill.sample import SampleBuilder
from fathom.train.distill.teacher import TeacherAnswer
from fathom.train.distill.traces import Trace
from fathom.types import Message

ITEMS = [Item(f"p{number}", (Message("user", f"{number} from 1"),), number) for number in range(3)]
LESSONS = SampleBuilder(tokenizer(), template())


def made(content="so it is 3", reasoning="one and two", *, problem=0, sample=0, correct=True, ending="stop"):
    said = TeacherAnswer(Message("assistant", content, reasoning=reasoning), ending, 10)
    return Trace(problem, sample, ITEMS[problem].id, said, correct)


def sifted(*traces, longest=1000, **config):
    return filter_traces(traces, ITEMS, LESSONS, FilterConfig(**config), longest)


def test_a_correct_complete_answer_is_kept():
    found = sifted(made())
    assert [one.problem for one, _ in found.kept] == [0]
    assert not found.dropped
    assert str(found) == "1 of 1 answers are learned"


@pytest.mark.parametrize(
    ("trace", "config", "reason"),
    [
        (made(correct=False), {}, "wrong"),
        (made(ending="length"), {}, "cut off"),
        (made(ending="filtered"), {}, "cut off by a filter"),
        (made(ending="refused", content=""), {}, "refused"),
        (made(content=" \n"), {}, "without an answer"),
        (made(reasoning=None), {"thinking": True}, "without thoughts"),
        (made(reasoning=" "), {"thinking": True}, "without thoughts"),
        (made(reasoning="eins plus zwei, 然后我们再想一想这个问题"), {"language": "en"}, "in other languages"),
        (made(reasoning="a\n\n" + "b" * 50), {"paragraph": 49}, "long paragraphs"),
        (made(reasoning="```\nprint(3)\n```"), {"code_blocks": False}, "code in thoughts"),
        (made(), {"min_tokens": 200}, "too short"),
        (made(), {"max_tokens": 5}, "too long"),
        (made("x" * 600), {"longest": 500}, "longer than a row"),
    ],
)
def test_each_reason_has_its_name(trace, config, reason):
    longest = config.pop("longest", 1000)
    found = sifted(trace, longest=longest, **config)
    assert (found.kept, dict(found.dropped)) == ([], {reason: 1})


@pytest.mark.parametrize(
    ("trace", "config"),
    [
        (made(reasoning="eins und zwei"), {"language": "de"}),
        (made(reasoning="a\n\n" + "b" * 50), {"paragraph": 50}),
        (made("```\nprint(3)\n```"), {"code_blocks": False}),
        (made(reasoning=None), {}),
    ],
)
def test_bounds_are_inclusive(trace, config):
    assert len(sifted(trace, **config).kept) == 1


def test_duplicates_are_dropped_within_a_problem_only():
    found = sifted(
        made(sample=0),
        made("So it  is 3.", sample=1),  # the same words
        made("so it is 3", "two and one", sample=2),
        made(problem=1),
    )
    assert [(one.problem, one.sample) for one, _ in found.kept] == [(0, 0), (0, 2), (1, 0)]
    assert dict(found.dropped) == {"a copy": 1}


def test_per_problem_keeps_the_first_samples_in_any_order_of_arrival():
    traces = [made(f"so it is {n}", problem=n % 2, sample=n) for n in range(6)]
    found = sifted(*reversed(traces), per_problem=2)
    assert [(one.problem, one.sample) for one, _ in found.kept] == [(0, 0), (0, 2), (1, 1), (1, 3)]
    assert dict(found.dropped) == {"more than enough of one problem": 2}


def test_the_record_counts_everything():
    traces = [made(), made("so it is 4", correct=False, sample=1), made(ending="length", problem=1)]
    found = sifted(*traces)
    assert found.metrics(traces) == {
        "asked": 3,
        "right": 2 / 3,
        "kept": 1,
        "problems": 2,
        "problems_kept": 1,
        "teacher_tokens": 30,
        "kept_tokens": len(found.kept[0][1].ids),
        "dropped": {"wrong": 1, "cut off": 1},
    }
    assert str(found) == "1 of 3 answers are learned; dropped: 1 wrong, 1 cut off"


@pytest.mark.parametrize(
    ("trace", "remedy"),
    [
        (made(ending="length"), "raise data.max_tokens"),
        (made(correct=False), "answer_format"),
        (made(ending="filtered"), "loosen data.filter"),
    ],
)
def test_without_traces_the_most_frequent_reason_gives_the_remedy(trace, remedy):
    assert remedy in nothing_left_error(sifted(trace)).remedy


def test_an_unknown_language_is_refused():
    with pytest.raises(ValueError, match="choose one of"):
        FilterConfig(language="tlh")
