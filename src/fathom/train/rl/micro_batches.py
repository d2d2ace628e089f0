"""How the rollouts of an update are divided: among ranks, then into micro-batches that memory holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import torch

from fathom.base.device import pick_dtype
from fathom.base.distributed import ALONE, World
from fathom.evals.rollout import Rollout
from fathom.model.transformer import Transformer
from fathom.train.rl.config import TrainerConfig
from fathom.train.rl.scoring import RolloutBatch, collate

_PADDED = 2
"""At most so many places of attention's padded rows for each token that the model computes in a micro-batch."""


@dataclass(frozen=True, slots=True)
class MicroBatcher:
    """Makes micro-batches of at most ``tokens`` tokens on ``device``, of this rank's share of the rollouts."""

    tokens: int
    device: torch.device
    dtype: torch.dtype
    world: World = ALONE

    @classmethod
    def of(cls, model: Transformer, config: TrainerConfig, world: World = ALONE) -> MicroBatcher:
        """As ``config`` says, on the device of ``model``."""
        device = next(model.parameters()).device
        return cls(config.micro_tokens, device, pick_dtype(config.precision, device), world)

    def split(self, rollouts: Sequence[Rollout]) -> Iterator[tuple[list[int], RolloutBatch]]:
        """Micro-batches, each with the indices of its rollouts among ``rollouts``."""
        mine = rank_share(rollouts, self.world.rank, self.world.size)
        for indices in micro_batches(rollouts, self.tokens, mine):
            yield indices, collate([rollouts[index] for index in indices], self.device)

    def autocast(self) -> AbstractContextManager[Any]:
        """The precision of a forward pass."""
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.dtype == torch.bfloat16)


def group_by_prompt(rollouts: Sequence[Rollout]) -> list[list[int]]:
    """Indices of ``rollouts``, those of one prompt together: longest first within each, and the prompt of the longest
    rollout first.
    """
    groups: dict[tuple[int, ...], list[int]] = {}
    for index in sorted(range(len(rollouts)), key=lambda index: -_length(rollouts[index])):
        groups.setdefault(rollouts[index].prompt_ids, []).append(index)
    return list(groups.values())


def rank_share(rollouts: Sequence[Rollout], rank: int, ranks: int) -> list[int]:
    """The indices that one of several ranks computes: dealt by length, so that all have as much to do, and all rollouts
    of a prompt together where there are enough prompts.
    """
    groups = group_by_prompt(rollouts)
    if len(groups) < ranks:
        return [index for group in groups for index in group][rank::ranks]
    return [index for group in groups[rank::ranks] for index in group]


def micro_batches(
    rollouts: Sequence[Rollout], tokens: int, indices: Sequence[int] | None = None
) -> Iterator[list[int]]:
    """``indices`` of ``rollouts`` (None: all, grouped by prompt), divided so that of each micro-batch the model
    computes at most ``tokens`` tokens (or one rollout), and attention takes rows of at most twice as many places.

    The longest come first, so that memory runs out at once or never.
    """
    current: list[int] = []
    prompts: set[tuple[int, ...]] = set()
    computed = longest = 0
    for index in rank_share(rollouts, 0, 1) if indices is None else indices:
        rollout = rollouts[index]
        more = len(rollout.completion_ids) + (0 if rollout.prompt_ids in prompts else len(rollout.prompt_ids))
        width = max(longest, _length(rollout))
        if current and (computed + more > tokens or width * (len(current) + 1) > _PADDED * tokens):
            yield current
            current, prompts, computed = [], set(), 0
            more = width = _length(rollout)
        current.append(index)
        prompts.add(rollout.prompt_ids)
        computed, longest = computed + more, width
    if current:
        yield current


def _length(rollout: Rollout) -> int:
    return len(rollout.prompt_ids) + len(rollout.completion_ids)
