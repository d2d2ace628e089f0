"""Rejection sampling: what is correct is kept, once."""

import pytest
from toy_rl import Begin, Never, build

from fathom.base.errors import DataError
from fathom.checkpoint.hf.export import save_directory
from fathom.recipes.countdown.vocabulary import template, tokenizer
from fathom.train.rl import rejection
from fathom.train.rl.rejection import correct_completions


@pytest.fixture
def start(tmp_path):
    save_directory(tmp_path / "base", build(), tokenizer=tokenizer(), template=template())
    return str(tmp_path / "base")


def test_correct_completions_are_kept_once(start, monkeypatch):
    monkeypatch.setattr(rejection, "load_task", lambda _config: Begin())
    vocabulary = tokenizer()
    samples = list(correct_completions(start, "begin", problems=400, samples=8, max_tokens=50))
    assert samples
    for sample in samples:
        assert sample.learned[:8] == [False] * 8
        assert all(sample.learned[8:])
        assert vocabulary.decode(sample.ids[8:]).strip()[:1].isdigit()
        assert sample.ids[-1] == 1
    assert len({tuple(sample.ids) for sample in samples}) == len(samples)


def test_a_base_without_correct_completions_is_refused(start, monkeypatch):
    monkeypatch.setattr(rejection, "load_task", lambda _config: Never())
    with pytest.raises(DataError, match="none of 8 completions is right"):
        list(correct_completions(start, "never", problems=4, samples=2, max_tokens=4))
