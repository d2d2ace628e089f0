"""Problems become prompts, completions become verdicts; a saved model and a task are all that a grader needs."""

import pytest
from toy_rl import Begin, build
from toy_rl import grader as toy_grader

from fathom.base.errors import ConfigError
from fathom.checkpoint.bundle import open_bundle
from fathom.checkpoint.hf.export import save_directory
from fathom.evals.rollout import Rollout
from fathom.evals.runner import build_grader, build_sampler
from fathom.recipes.countdown.vocabulary import template, tokenizer
from fathom.tasks.task import Item
from fathom.text.conversation import CHATML
from fathom.text.template.template import ChatTemplate
from fathom.text.tokenizer.tokenizer import Tokenizer


def test_messages_go_through_the_template_and_texts_do_not():
    one = toy_grader(build())
    vocabulary = tokenizer()
    (message,) = list(Begin().items("train", limit=1))
    prompt = one.prompt_ids(message)
    assert vocabulary.decode(prompt, skip_special=False).startswith("<｜begin▁of▁sentence｜><｜User｜>0 from 1")
    assert one.prompt_ids(Item("x", "0 from 1", None)) == tuple(vocabulary.encode("0 from 1"))


def test_the_end_token_is_no_part_of_the_text():
    one = toy_grader(build())
    (item,) = list(Begin().items("train", limit=1))
    ids = (*tokenizer().encode(" 24 !"), 1)
    graded = one.grade(item, Rollout((1,), ids, (0.0,) * len(ids), "stop"), 8)
    assert graded.text == " 24 !"
    assert graded.verdict.correct


def test_what_does_not_fit_the_context_can_be_told():
    one = toy_grader(build())  # a context of 48
    (item,) = list(Begin().items("train", limit=1))
    room = 48 - len(one.prompt_ids(item))
    assert one.fits(item, room)
    assert not one.fits(item, room + 1)


def test_a_prompt_of_another_type_is_named():
    one = toy_grader(build())
    with pytest.raises(
        ConfigError, match=r"problem 'x' of the task begin is neither .*; let it be a tuple of fathom.types"
    ):
        one.prompt_ids(Item("x", ({"role": "user", "content": "hi"},), None))


BASE = {
    "tokenizer.ggml.model": "gpt2",
    "tokenizer.ggml.tokens": ["a", "b", "ab", "<|endoftext|>", "<|im_start|>", "<|im_end|>"],
    "tokenizer.ggml.token_type": [1, 1, 1, 3, 3, 3],
    "tokenizer.ggml.merges": ["a b"],
    "tokenizer.ggml.eos_token_id": 3,
}
"""As in Qwen2.5's base models: texts end with one token, and the template ends turns with another."""


def test_completions_end_where_the_turns_of_the_template_do(tmp_path, monkeypatch):
    save_directory(
        tmp_path,
        build(),
        tokenizer=Tokenizer.from_gguf(BASE),
        template=ChatTemplate(CHATML),
        generation={"eos_token_id": 3},
    )
    bundle = open_bundle(str(tmp_path), dtype="float32")
    assert bundle.generation.eos_ids == {3}
    given = {}
    monkeypatch.setattr("fathom.evals.runner.EngineSampler", lambda _model, **settings: given.update(settings))
    build_sampler(bundle, bundle.model, 4)
    assert given["eos_ids"] == {3, 5}


def test_groups_keep_the_order_of_problems():
    one = toy_grader(build())
    items = list(Begin().items("train", limit=5))
    groups = one.sample_and_grade(items, 3, max_tokens=4, temperature=1.0, seed=0)
    assert [group.item for group in groups] == items
    for group in groups:
        assert len(group.members) == 3
        assert {member.rollout.prompt_ids for member in group.members} == {one.prompt_ids(group.item)}
        assert group.correct == sum(member.verdict.correct for member in group.members)


def test_a_bundle_and_a_task_are_all_a_grader_needs(tmp_path):
    save_directory(tmp_path, build(), tokenizer=tokenizer(), template=template())
    bundle = open_bundle(str(tmp_path), dtype="float32")
    grader = build_grader(bundle, Begin())
    items = list(grader.task.items("validation", limit=3))
    groups = grader.sample_and_grade(items, 2, max_tokens=4, temperature=1.0, seed=0)
    assert [len(group.members) for group in groups] == [2, 2, 2]
    assert tokenizer().decode(grader.prompt_ids(items[0]), skip_special=False).endswith("<｜Assistant｜><think>\n")
    copy = grader.with_sampler(build_sampler(bundle, bundle.model, 512))
    assert copy.sample_and_grade(items, 2, max_tokens=4, temperature=1.0, seed=0) == groups
