"""Splits: decided by content, disjoint, exhausted or empty."""

from itertools import count, islice

import pytest

from fathom.base.errors import ConfigError
from fathom.tasks.splits import MAX_IDLE_DRAWS, check_shares, generate_split, hash_fraction, split_of
from fathom.tasks.task import Item


def test_the_hash_is_the_same_on_every_machine() -> None:
    assert hash_fraction("countdown:3,5,7") == pytest.approx(0.67637785698, abs=1e-11)
    fractions = [hash_fraction(str(number)) for number in range(4000)]
    assert 0 <= min(fractions) < max(fractions) < 1
    assert sum(fractions) / len(fractions) == pytest.approx(0.5, abs=0.02)


def test_shares_of_the_splits() -> None:
    places = [split_of(str(number), validation=0.1, test=0.2) for number in range(4000)]
    assert places.count("test") == pytest.approx(800, abs=80)
    assert places.count("validation") == pytest.approx(400, abs=60)
    assert split_of("x", validation=0.0, test=0.0) == "train"


@pytest.mark.parametrize(("validation", "test"), [(-0.1, 0.1), (0.5, 0.5), (1.0, 0.0), (0.0, 1.0)])
def test_shares_that_leave_nothing_are_refused(validation: float, test: float) -> None:
    with pytest.raises(ConfigError, match="leave nothing to train on"):
        check_shares(validation, test)


def test_training_repeats_and_held_out_splits_end() -> None:
    def draw_from(numbers: "count[int]") -> Item:
        return Item(id=str(next(numbers) % 3), prompt="", answer=0)

    train, held = count(), count()
    assert [item.id for item in islice(generate_split(lambda: draw_from(train), "train", "t"), 5)] == list("01201")
    assert [item.id for item in generate_split(lambda: draw_from(held), "test", "t")] == list("012")
    assert next(held) == 3 + MAX_IDLE_DRAWS


def test_an_empty_split_is_an_error() -> None:
    with pytest.raises(ConfigError, match="the test split of t is empty: 5,000 draws found no problem of it"):
        next(generate_split(lambda: None, "test", "t"))
