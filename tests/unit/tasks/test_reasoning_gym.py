import pytest

from fathom.base.errors import ConfigError
from fathom.tasks.reasoning_gym import ReasoningGym
from fathom.tasks.sandbox.worker.worker import Worker
from fathom.tasks.task import Item, Task

pytest.importorskip("reasoning_gym")


@pytest.fixture(scope="module")
def worker() -> Worker:
    return Worker("fathom.tasks.sandbox.worker.reasoning_gym", "reasoning_gym", seconds=120)


def answered(text: str) -> str:
    return f"<think></think><answer>{text}</answer>"


def test_items_are_reproducible_and_right_answers_are_right(worker: Worker) -> None:
    task = ReasoningGym("leg_counting", worker=worker)
    items = list(task.items("train", seed=3, limit=5))
    assert isinstance(task, Task)
    assert task.name == "reasoning-gym/leg_counting"
    assert [item.id for item in task.items("train", seed=3, limit=5)] == [item.id for item in items]
    for item in items:
        assert "how many legs" in str(item.prompt)
        assert task.verify(item, answered(item.answer)).reward == 1.0
        assert task.verify(item, answered("-1")).reward == 0.0
        assert task.verify(item, item.answer).reward == 0.0
        assert task.verify_lenient(item, item.answer).reward == 1.0


def test_splits_share_nothing(worker: Worker) -> None:
    task = ReasoningGym("chain_sum", worker=worker, options={"min_terms": 2, "max_terms": 2, "max_digits": 1})
    seen = {split: {item.id for item in task.items(split, limit=60)} for split in ("train", "validation", "test")}
    assert not seen["train"] & seen["validation"]
    assert not seen["train"] & seen["test"]
    assert not seen["validation"] & seen["test"]
    assert all(seen.values())


def test_partial_scores_are_rewards_only_where_asked(worker: Worker) -> None:
    strict, partial = (ReasoningGym("spell_backward", worker=worker, partial=partial) for partial in (False, True))
    item = next(strict.items("train"))
    near = answered("x" + item.answer[1:])
    assert strict.verify(item, near).reward == 0.0
    verdict = partial.verify(item, near)
    assert 0 < verdict.reward < 1
    assert not verdict.correct
    assert ReasoningGym("spell_backward", worker=worker, threshold=0.01).verify(item, near).correct


@pytest.mark.parametrize(
    ("dataset", "index", "answer"),
    [
        ("complex_arithmetic", 3, "nan"),
        ("complex_arithmetic", 3, "nan + nanj"),
        ("complex_arithmetic", 3, "inf"),
        ("game_of_life_halting", 3, "(((("),
        ("game_of_life_halting", 3, "maybe"),
        ("coin_flip", 3, "0"),
        ("puzzle24", 3, "4*6"),  # any 24 is right to its scorer, whatever numbers were given
        ("gsm_symbolic", 3, "not {}"),
        ("gsm_symbolic", 3, "{} or 0 or 1"),
        ("gsm_symbolic", 3, "{}\n0"),
        ("intermediate_integration", 3, "__import__('os')._exit(0)"),
        ("leg_counting", 3, "9**9**9"),
        ("leg_counting", 3, "x" * 30_000),
        ("leg_counting", 3, "\ud800\x00"),
    ],
)
def test_answers_that_a_scorer_wrongly_accepts_are_refused(
    worker: Worker, dataset: str, index: int, answer: str
) -> None:
    expected = worker.ask({"what": "item", "dataset": dataset, "options": {}, "seed": 5, "index": index})["value"][
        "answer"
    ]
    item = Item("", "", expected, {"seed": 5, "index": index})
    verdict = ReasoningGym(dataset, worker=worker).verify(item, answered(answer.replace("{}", str(expected))))
    assert (verdict.reward, verdict.correct) == (0.0, False)


@pytest.mark.parametrize("truth", ["True", "False", "yes", "No"])
def test_the_other_truth_value_is_wrong(worker: Worker, truth: str) -> None:
    """Their scorer takes any text for any truth."""
    task = ReasoningGym("game_of_life_halting", worker=worker)
    item = Item("", "", "True", {"seed": 5, "index": 3})
    assert task.verify(item, answered(truth)).correct is (truth in ("True", "yes"))
    assert task.verify_lenient(item, answered(truth)).correct is (truth in ("True", "yes"))


def test_an_answer_that_never_ends_is_wrong() -> None:
    task = ReasoningGym(
        "intermediate_integration",
        worker=Worker("fathom.tasks.sandbox.worker.reasoning_gym", "reasoning_gym", seconds=15),
    )
    item = next(task.items("train"))
    object.__setattr__(task.worker, "_seconds", 3)
    assert task.verify(item, answered("9**9**9")).reward == 0.0
    task.worker.close()


def test_invalid_settings_are_refused(worker: Worker) -> None:
    with pytest.raises(ConfigError, match="reasoning-gym has no data set 'poetry'; choose one of ab, acre"):
        ReasoningGym("poetry", worker=worker)
    with pytest.raises(ConfigError, match="reasoning-gym refuses leg_counting with these options"):
        ReasoningGym("leg_counting", {"no_such_option": 1}, worker=worker)
    with pytest.raises(ConfigError, match="a threshold of 0 is not a score"):
        ReasoningGym("leg_counting", threshold=0, worker=worker)


@pytest.mark.slow
def test_every_data_set_gives_problems_whose_own_answer_is_right(worker: Worker) -> None:
    for name in worker.ask({"what": "names"})["value"]:
        if name == "composite":  # is made of others, which must be named
            continue
        task = ReasoningGym(name, worker=worker)
        item = next(task.items("train"))
        if isinstance(item.answer, str):
            assert task.verify(item, answered(item.answer)).correct, name
