"""Problems become prompts, completions become verdicts."""

from toy_rl import Begin, build, grader

from fathom.evals.rollout import Rollout
from fathom.recipes.countdown.vocabulary import tokenizer
from fathom.tasks.task import Item


def test_messages_go_through_the_template_and_texts_do_not():
    one = grader(build())
    vocabulary = tokenizer()
    (message,) = list(Begin().items("train", limit=1))
    prompt = one.prompt(message)
    assert vocabulary.decode(prompt, skip_special=False).startswith("<｜begin▁of▁sentence｜><｜User｜>0 from 1")
    assert one.prompt(Item("x", "0 from 1", None)) == tuple(vocabulary.encode("0 from 1"))


def test_the_end_token_is_no_part_of_the_text():
    one = grader(build())
    (item,) = list(Begin().items("train", limit=1))
    ids = (*tokenizer().encode(" 24 !"), 1)
    graded = one.grade(item, Rollout((1,), ids, (0.0,) * len(ids), "stop"), 8)
    assert graded.text == " 24 !"
    assert graded.verdict.correct


def test_groups_keep_the_order_of_problems():
    one = grader(build())
    items = list(Begin().items("train", limit=5))
    groups = one.groups(items, 3, max_tokens=4, temperature=1.0, seed=0)
    assert [group.item for group in groups] == items
    for group in groups:
        assert len(group.members) == 3
        assert {member.rollout.prompt_ids for member in group.members} == {one.prompt(group.item)}
        assert group.right == sum(member.verdict.correct for member in group.members)
