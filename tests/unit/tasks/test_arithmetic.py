import pytest

from fathom.base.errors import ConfigError
from fathom.tasks.arithmetic import Arithmetic
from fathom.tasks.task import Item, Task

TASK = Arithmetic(length=4)


def test_items_are_chains_of_the_given_length() -> None:
    items = list(TASK.items("train", seed=1, limit=200))
    assert isinstance(TASK, Task)
    assert items[0].id == "arithmetic-4/3*8+1+10+4"
    for item in items:
        parts = item.metadata["expression"].split(" ")
        assert len(parts) == 9
        assert item.answer == eval(item.metadata["expression"])
        assert "*" not in [b for a, b in zip(parts[1::2], parts[3::2], strict=False) if a == "*"]


def test_splits_share_no_problem() -> None:
    task = Arithmetic(length=1, largest=9)
    seen = {split: {item.id for item in task.items(split, limit=300)} for split in ("train", "validation", "test")}
    assert not seen["train"] & seen["validation"]
    assert not seen["train"] & seen["test"]
    assert not seen["validation"] & seen["test"]


def test_verdicts() -> None:
    item = Item("", "", -3, {})
    assert TASK.verify(item, "<think></think><answer>-3</answer>").reward == 1.0
    assert TASK.verify(item, "<think></think><answer>-3 or 3</answer>").reward == 0.0
    assert TASK.verify(item, "it is -3.").reward == 0.0
    assert TASK.verify_lenient(item, "it is -3.").reward == 1.0


def test_prompts() -> None:
    item = next(Arithmetic(length=2, style="bare").items("train"))
    assert item.prompt == f"{item.metadata['expression']} = "
    item = next(Arithmetic(length=2).items("train"))
    assert str(item.prompt).endswith(f"User: What is {item.metadata['expression']}? Assistant:")


@pytest.mark.parametrize(
    "options", [{"length": 0}, {"length": 101}, {"largest": 0}, {"operators": "*"}, {"operators": "/"}]
)
def test_invalid_settings_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        Arithmetic(**options)  # type: ignore[arg-type]


def test_the_longest_chain_of_the_largest_numbers_is_evaluated() -> None:
    assert next(Arithmetic(length=100, largest=99_999).items("train")).answer != 0
