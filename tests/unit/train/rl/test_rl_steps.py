"""The frame that all learning from one's own completions shares."""

import pytest
import torch
from toy_rl import build, grader

from fathom.optim.config import AdamWConfig, OptimConfig
from fathom.train.components.divergence import DivergedError
from fathom.train.rl.config import CompletionsConfig, StepsConfig, TaskConfig
from fathom.train.rl.scoring import score
from fathom.train.rl.steps import Learned, PieceLoss, Steps


class Count:
    """A tally of pieces."""

    def __init__(self, pieces=1):
        self.pieces = pieces

    def merge(self, other):
        return Count(self.pieces + other.pieces)

    def metrics(self):
        return {"pieces": float(self.pieces)}


class Imitate(Steps):
    """Makes everything that was sampled more likely."""

    factor = 1.0

    def learn(self, groups, balance):
        learned = Learned()
        rollouts = [member.rollout for group in groups for member in group.members]
        tokens = sum(len(one.completion_ids) for one in rollouts)

        def piece(batch, places):
            logprobs = score(self.model, batch).logprobs
            return PieceLoss(-self.factor * logprobs.sum() / tokens, Count(), logprobs)

        self.update(rollouts, piece, learned, balance)
        return learned


def steps(**changes):
    settings = {
        "stage": "toy",
        "name": "toy",
        "start": "toy",
        "task": TaskConfig(name="toy"),
        "steps": 3,
        "sampling": CompletionsConfig(prompts=4, group=2, max_tokens=8),
        "optim": OptimConfig(adamw=AdamWConfig(lr=1e-2, weight_decay=0)),
    }
    model = build()
    return Imitate(model, grader(model), StepsConfig(**(settings | changes)))


def test_a_step_samples_learns_and_says_so():
    one = steps(micro_tokens=1)
    line, groups = one.run_step()
    assert (one.step, len(groups), {len(group.members) for group in groups}) == (1, 4, {2})
    assert line["pieces"] == 8  # a rollout each
    assert 0 < line["engine_gap"] < 1e-5
    assert line["gradient_norm"] > 0


def test_the_cut_into_pieces_changes_nothing():
    assert steps(micro_tokens=1).run_step()[0]["loss"] == pytest.approx(steps().run_step()[0]["loss"], abs=1e-6)


def test_a_loss_that_is_no_number_stops_before_the_weights_change():
    one = steps()
    one.factor = float("nan")
    before = {name: weight.clone() for name, weight in one.model.state_dict().items()}
    with pytest.raises(DivergedError, match="step 1 diverged: the loss is nan"):
        one.run_step()
    assert all(torch.equal(before[name], weight) for name, weight in one.model.state_dict().items())
