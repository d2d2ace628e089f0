"""Stored results rest on these corpora and held-out problems: both recipes' stay the same token for token."""

import hashlib
import json

import pytest

from fathom.recipes.countdown.vocabulary import template, tokenizer
from fathom.train.run.recipe import find
from fathom.train.run.task import TaskConfig, load_task


def digest(values):
    return hashlib.sha256("\n".join(json.dumps(value) for value in values).encode()).hexdigest()[:16]


def samples(function, **options):
    return digest([[list(map(int, one.ids)), one.learned] for one in find(function)(**options)])


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"documents": 2000}, "3cfcb4798b4c15f2"),
        ({"documents": 500, "seed": 1}, "7dcccc5ff731e7c0"),
        (
            {
                "documents": 500,
                "seed": 2,
                "guess": 0.1,
                "patience": [0.3, 0.9],
                "slip": 0.1,
                "overlook": 0.2,
                "imagine": 0.6,
            },
            "713d54d930b0a9b6",
        ),
    ],
)
def test_the_corpus_of_the_speedrun(options, expected):
    assert samples("speedrun:corpus", **options) == expected


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (
            {"documents": 1000, "shares": {"three-12": 0.4, "three-20": 0.2, "four-12": 0.2, "chain-3": 0.2}},
            "078512da1e2fc046",
        ),
        ({"documents": 200, "seed": 3, "shares": {"four-20": 0.5, "chain-5": 0.5}}, "29ab220f1ee92602"),
    ],
)
def test_the_corpus_of_the_curriculum(options, expected):
    assert samples("curriculum:corpus", **options) == expected


def test_the_whole_corpus_of_the_curriculum():
    pytest.importorskip("reasoning_gym")
    assert samples("curriculum:corpus", documents=1000) == "3665cb0091249ad3"
    assert (
        samples("curriculum:corpus", documents=200, seed=3, shares={"gcd-3": 0.5, "equations": 0.5})
        == "c873656b0abb93e7"
    )


def problems(name, split, limit):
    task = load_task(TaskConfig(name=name))
    return digest([[item.id, item.prompt[0].content, item.answer] for item in task.items(split, seed=5, limit=limit)])


@pytest.mark.parametrize(
    ("split", "expected"),
    [("train", "5ce903732cc0cc0d"), ("validation", "723183e8a6563952"), ("test", "f59e99ab76a8f2ef")],
)
def test_the_problems_of_the_speedrun(split, expected):
    assert problems("zero-countdown-3", split, 300) == expected


@pytest.mark.parametrize(
    ("split", "expected"),
    [("train", "9e928e7919377520"), ("validation", "2f91bc5a5ef09612"), ("test", "6b2dfb4999368e80")],
)
def test_the_problems_of_the_curriculum(split, expected):
    pytest.importorskip("reasoning_gym")
    assert problems("curriculum:problems", split, 90) == expected


def test_the_tokenizer_of_both():
    assert tokenizer().fingerprint == "162532a347833b36154d6eb7a2443d4082c79f786e93d3d1d6933918138bb5b3"
    assert hashlib.sha256(template().text.encode()).hexdigest()[:16] == "0bdd6c85bd9e0622"
