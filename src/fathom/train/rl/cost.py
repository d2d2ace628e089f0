"""What a step of reinforcement learning computes, so that its share of the machine can be told."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fathom.evals.grading import Group
from fathom.model import flops
from fathom.model.config import ModelConfig


class Cost:
    """Of steps with a model of ``config``. Operations a token grow linearly with what it attends to, so two points of
    each line are enough, taken once. MTP modules idle.
    """

    def __init__(self, config: ModelConfig) -> None:
        model = config.model_copy(update={"num_mtp_layers": 0})
        self._learned = _line(lambda length: flops.training(model, length))
        self._decoded = _line(lambda context: flops.decoding(model, context))

    def flops(self, groups: Sequence[Group], learned: int) -> float:
        """Of sampling ``groups``, each prompt read once, and of an update that computed ``learned`` of their tokens,
        each taken for one in a row of mean length.
        """
        sampled = tokens = whole = 0.0
        for group in groups:
            prompt = len(group.members[0].rollout.prompt_ids)
            sampled += prompt * self._learned(prompt) / 3  # the forward pass alone
            for member in group.members:
                sampled += member.length * self._decoded(prompt + (member.length + 1) / 2)
                tokens += prompt + member.length
                whole += (prompt + member.length) ** 2
        return sampled + learned * self._learned(whole / tokens)


def _line(cost: Callable[[int], float]) -> Callable[[float], float]:
    first, second = cost(1), cost(2)
    return lambda length: first + (second - first) * (length - 1)
