"""What runs log of a step, and what it costs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fathom.evals.grading import Group
from fathom.evals.metrics import evaluate, mean_reward_parts
from fathom.model import flops
from fathom.model.config import ModelConfig
from fathom.train.rl.sampler import SampledBatch, equal_reward_share
from fathom.train.rl.updater import UpdateResult


def sampling_metrics(batch: SampledBatch) -> dict[str, Any]:
    """Of everything that was sampled in a step."""
    evaluation = evaluate(batch.sampled)
    members = [member for group in batch.sampled for member in group.members]
    lengths = [member.length for member in members]
    staleness = {} if batch.staleness is None else {"staleness": batch.staleness}
    too_long = {"too_long": batch.too_long} if batch.too_long else {}
    return {
        "reward": evaluation.reward,
        "reward_parts": mean_reward_parts([member.earned for member in members]),
        "right": evaluation.pass_at[1],
        "lenient": evaluation.lenient,
        "well_formed": evaluation.well_formed,
        "length": evaluation.length,
        "length_max": max(lengths),
        "truncated": evaluation.truncated,
        "guesses": evaluation.guesses,
        "zero_variance": equal_reward_share(batch.sampled),
        "sampled": len(lengths),
        "sampled_tokens": sum(lengths),
        "groups": len(batch.groups),
        **staleness,
        **too_long,
    }


def update_metrics(result: UpdateResult) -> dict[str, Any]:
    """Of a step's updates."""
    loads = result.loads
    return {
        "loss": result.loss,
        "engine_gap": result.engine_gap,
        "learned_tokens": result.tokens,
        "gradient_norm": result.norm,
        **(result.statistics.metrics() if result.statistics else {}),
        "max_violation": loads.violation if loads else None,
        "dead_experts": loads.dead if loads else None,
        "loads": loads.loads if loads else None,
    }


class StepCost:
    """Floating-point operations of a step with a model of ``config``, without its MTP modules, which idle.

    Operations a token grow linearly with what it attends to, so two points of each line are enough, computed once.
    """

    def __init__(self, config: ModelConfig) -> None:
        model = config.model_copy(update={"num_mtp_layers": 0})
        self._training = _line(lambda length: flops.training(model, length))
        self._decoding = _line(lambda context: flops.decoding(model, context))

    def flops(self, groups: Sequence[Group], learned_tokens: int) -> float:
        """Of sampling ``groups``, each prompt prefilled once, and of an update that computed ``learned_tokens``,
        each taken for one in a row of mean length.
        """
        sampling = tokens = squares = 0.0
        for group in groups:
            prompt = len(group.members[0].rollout.prompt_ids)
            sampling += prompt * self._training(prompt) / 3  # the forward pass alone
            for member in group.members:
                sampling += member.length * self._decoding(prompt + (member.length + 1) / 2)
                tokens += prompt + member.length
                squares += (prompt + member.length) ** 2
        return sampling + learned_tokens * self._training(squares / tokens)


def _line(cost: Callable[[int], float]) -> Callable[[float], float]:
    """The straight line through the costs at 1 and 2."""
    first, second = cost(1), cost(2)
    return lambda length: first + (second - first) * (length - 1)
