"""What a run on completions says before its first step."""

from toy_rl import Begin, build, grader

from fathom.optim.config import AdamWConfig, OptimConfig, ScheduleConfig
from fathom.tasks.task import Item
from fathom.train.rl.config import CompletionsConfig, TrainerConfig
from fathom.train.rl.extent import LOOKED_AT, describe_problems, describe_run
from fathom.train.run.task import TaskConfig
from fathom.train.supervised.config import LoRAConfig

OPTIM = OptimConfig(adamw=AdamWConfig(lr=None), schedule=ScheduleConfig(warmup=0.1))
CONFIG = TrainerConfig(
    stage="toy",
    name="toy",
    start="toy",
    task=TaskConfig(name="toy"),
    steps=40,
    sampling=CompletionsConfig(prompts=8, group=4, max_tokens=16),
    optim=OPTIM,
)


class Some(Begin):
    """Problems of given lengths."""

    name = "some"

    def __init__(self, *lengths):
        self.lengths = lengths

    def items(self, split, *, seed=0, limit=None):
        return iter([Item(str(at), "24 " * length, None) for at, length in enumerate(self.lengths)][:limit])


class Parts:
    """As much of a trainer as is looked at."""

    def __init__(self, own):
        self.grader = own
        self.config = CONFIG


def test_steps_completions_and_the_rate():
    assert describe_run(CONFIG) == (
        "40 steps of 8 problems × 4 completions of at most 16 tokens; peak learning rate 1e-06 after 4 steps of warm-up"
    )
    low_rank = CONFIG.model_copy(update={"lora": LoRAConfig(rank=4), "steps": 5})
    assert describe_run(low_rank).endswith("peak learning rate 2e-05")


def test_nothing_is_said_of_problems_that_fit():
    assert describe_problems(Parts(grader(build(), Begin()))) is None
    assert describe_problems(Parts(grader(build(), Some(*[3] * 8)))) is None


def test_problems_that_are_left_out_or_lacking_are_counted():
    assert describe_problems(Parts(grader(build(), Some(*[3] * 9, 90)))) == (
        "1 of 10 training problems are left out: with completions of 16 tokens they exceed the context of 48"
    )
    assert describe_problems(Parts(grader(build(), Some(3, 3, 90)))) == (
        "1 of 3 training problems are left out: with completions of 16 tokens they exceed the context of 48; some has "
        "2 training problems, so a step takes 2, not all 8 of sampling.prompts"
    )
    many = Parts(grader(build(), Some(90, *[3] * LOOKED_AT)))
    assert "1 of the first 512 training problems are left out" in describe_problems(many)
