from collections import Counter
from itertools import islice

import pytest

from fathom.base.errors import ConfigError
from fathom.tasks.countdown import Countdown
from fathom.tasks.expression import evaluate
from fathom.tasks.task import Item, Task
from fathom.tasks.verifiers.countdown import Rules
from fathom.tasks.verifiers.format import AnswerFormat
from fathom.types import Message

TASK = Countdown()
ITEM = Item("countdown-3/3-9-9/27", "", 27, {"numbers": (9, 9, 3), "target": 27})


def answered(text: str) -> str:
    return f"<think>hm</think><answer>{text}</answer>"


class TestItems:
    def test_are_the_same_for_the_same_seed(self) -> None:
        first = [item.id for item in TASK.items("train", seed=1, limit=3)]
        assert first == ["countdown-3/1-3-8/3", "countdown-3/6-7-10/53", "countdown-3/2-4-8/12"]
        assert [item.id for item in TASK.items("train", seed=1, limit=3)] == first
        assert [item.id for item in TASK.items("train", seed=2, limit=3)] != first

    def test_can_all_be_solved(self) -> None:
        for task in (
            TASK,
            Countdown(count=4),
            Countdown(rules=Rules("+-*", absolute=True)),
            Countdown(rules=Rules(use_all=False)),
        ):
            for item in task.items("train", seed=3, limit=50):
                assert task.verify(item, answered(item.metadata["solution"])).reward == 1.0, item

    def test_lie_in_their_ranges(self) -> None:
        task = Countdown(smallest=3, largest=9, target_range=(10, 20))
        for item in task.items("train", limit=100):
            assert all(3 <= number <= 9 for number in item.metadata["numbers"])
            assert 10 <= item.answer <= 20

    def test_of_two_splits_share_no_multiset_of_numbers(self) -> None:
        seen = {
            split: {tuple(sorted(item.metadata["numbers"])) for item in TASK.items(split, seed=5, limit=400)}
            for split in ("train", "validation", "test")
        }
        assert not seen["train"] & seen["validation"]
        assert not seen["train"] & seen["test"]
        assert not seen["validation"] & seen["test"]
        assert min(map(len, seen.values())) >= 10

    def test_keep_their_split_whatever_the_order_of_the_numbers(self) -> None:
        assert TASK.split_of((3, 9, 1)) == TASK.split_of((1, 3, 9))

    def test_the_shares_are_held_out(self) -> None:
        task = Countdown(count=4, largest=20)
        splits = Counter(
            task.split_of((a, b, c, d))
            for a in range(1, 21)
            for b in range(a, 21)
            for c in range(b, 21)
            for d in range(c, 21)
        )
        assert splits.total() == task.multisets() == 8855
        assert splits == {"train": 7523, "test": 906, "validation": 426}

    def test_that_are_held_out_come_once_and_end(self) -> None:
        task = Countdown(largest=8)
        ids = [item.id for item in task.items("test")]
        assert len(ids) == len(set(ids)) > 0
        assert sorted(ids) == sorted(item.id for item in task.items("test", seed=9))

    def test_for_training_never_end(self) -> None:
        task = Countdown(count=2, largest=3, target_range=(1, 9))
        assert len(list(islice(task.items("train"), 1000))) == 1000

    def test_of_an_empty_split_say_so(self) -> None:
        with pytest.raises(ConfigError, match="the test split of countdown-3 is empty"):
            list(Countdown(test=0.0).items("test"))

    def test_are_not_solved_by_choosing_a_number(self) -> None:
        task = Countdown(rules=Rules(use_all=False))
        for item in task.items("train", limit=200):
            assert item.answer not in item.metadata["numbers"]

    def test_written_in_steps_need_no_fraction_and_no_negative_number(self) -> None:
        task = Countdown(count=4, largest=20, written="steps")
        for item in task.items("train", limit=30):
            assert "/" not in item.metadata["solution"] or evaluate(item.metadata["solution"]).value == item.answer


class TestPrompt:
    def test_for_a_base_model_is_the_template_of_r1_zero(self) -> None:
        item = next(TASK.items("train", seed=1))
        assert isinstance(item.prompt, str)
        assert item.prompt.endswith(
            "User: Using the numbers 3 8 1, reach 3. Use every number exactly once, with the operations + - * / and "
            "parentheses. Give the answer as one expression. Assistant:"
        )

    def test_for_a_chat_model_is_a_message(self) -> None:
        task = Countdown(style="chat", rules=Rules("+-*", absolute=True, use_all=False), written="steps")
        item = next(task.items("train", seed=1))
        assert item.prompt == (
            Message(
                "user",
                f"Using the numbers 3 8 1, reach {item.answer}. Use each number at most once, with the operations "
                "+ - * and parentheses. A minus means the absolute difference. Give the answer as steps of the "
                "form a + b = c.",
            ),
        )

    def test_can_be_bare_and_can_open_the_thinking(self) -> None:
        task = Countdown(style="bare", answer_format=AnswerFormat(opened=True))
        assert next(task.items("train", seed=1)).prompt == "3 8 1 = 3\n<think>"


class TestVerify:
    def test_is_a_task(self) -> None:
        assert isinstance(TASK, Task)

    def test_strict_and_lenient_side_by_side(self) -> None:
        cases = {
            answered("9 / 3 * 9"): (1.0, 1.0),
            answered("9 + 9 + 3"): (0.0, 0.0),
            "<answer>9 / 3 * 9</answer>": (0.0, 1.0),
            "so \\boxed{9 / 3 * 9}": (0.0, 1.0),
            "let me see\n9 / 3 * 9": (0.0, 1.0),
            "": (0.0, 0.0),
        }
        for completion, rewards in cases.items():
            assert (TASK.verify(ITEM, completion).reward, TASK.verify_lenient(ITEM, completion).reward) == rewards, (
                completion
            )

    def test_pays_for_the_format_where_asked(self) -> None:
        task = Countdown(answer_format=AnswerFormat(reward=0.1))
        assert task.verify(ITEM, answered("1")).reward == 0.1
        assert task.verify(ITEM, "1").reward == 0.0
        assert task.verify_lenient(ITEM, answered("1")).reward == 0.0

    def test_reads_steps(self) -> None:
        task = Countdown(written="steps")
        assert task.verify(ITEM, answered("9 / 3 = 3, 3 * 9 = 27")).reward == 1.0
        assert task.verify(ITEM, answered("9 / 3 * 9")).reward == 0.0


@pytest.mark.parametrize(
    "options",
    [
        {"count": 1},
        {"count": 9},
        {"smallest": 0},
        {"smallest": 5, "largest": 4},
        {"target_range": (0, 4)},
        {"target_range": (7, 4)},
        {"validation": -0.1},
        {"validation": 0.5, "test": 0.5},
    ],
)
def test_a_game_that_cannot_be_played_is_refused(options: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        Countdown(**options)  # type: ignore[arg-type]
