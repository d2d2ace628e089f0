"""Prefix packing: rollouts of one prompt share its tokens in everything but attention.

A group of G completions repeats its prompt G times, and completions of unlike length would be padded to the longest.
Here all rollouts are packed into one row of tokens, each distinct prompt once, each completion after it, without
padding: that is what products, norms and experts compute. Attention gathers a padded row for each rollout, its prompt
followed by its completion, and scatters the result back. So each rollout sees exactly what it would see in a row of its
own, and the gradients of a prompt add up over its completions (the idea of Prefix Grouper, arXiv 2506.05433).

    N rollouts · T tokens of the longest, without its last · F tokens of the row · C channels
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from fathom.evals.rollout import Rollout
from fathom.kernels.attention import VisibleSpans, causal_attention


class Picks:
    """A gather of rows of a table, each any number of times; a row's gradient is the sum over its picks.

    ``indices`` (R,) are row numbers of a table with ``rows`` rows. ``used`` (R,) bool marks the picks that are not
    padding; the others have no gradient.
    """

    def __init__(self, indices: Tensor, rows: int, used: Tensor | None = None) -> None:
        order = indices.argsort(stable=True)
        order = order if used is None else order[used[order]]
        counts = torch.bincount(indices[order], minlength=rows)
        self.indices = indices
        self.picks_by_row = order
        self.offsets = counts.cumsum(0) - counts  # (rows,) where the picks of each row begin

    def __call__(self, table: Tensor) -> Tensor:
        """(rows, C) → (R, C)."""
        picked: Tensor = _Pick.apply(table, self)
        return picked


class _Pick(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, table: Tensor, picks: Picks) -> Tensor:
        ctx.picks = picks
        return table.index_select(0, picks.indices)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        picks = ctx.picks
        return F.embedding_bag(picks.picks_by_row, gradient.contiguous(), picks.offsets, mode="sum"), None


class PrefixPacking:
    """Rollouts packed into one row, and the attention context that knows where each is.

    ``tokens`` and ``positions`` are (1, F). ``completion_picks`` (M,) gathers from the row the states that predict each
    completion token, rollout by rollout. ``experts`` (L, F, K) are those that the tokens went to when they were
    sampled; None where that is not recorded.
    """

    absorbed = False

    def __init__(self, rollouts: Sequence[Rollout], device: torch.device | str = "cpu") -> None:
        width = max(len(one.prompt_ids) + len(one.completion_ids) for one in rollouts) - 1
        rows = torch.zeros(len(rollouts), width, dtype=torch.int64)  # (N, T): indices in the row of tokens
        tokens: list[int] = []
        positions: list[int] = []
        computed_at: list[int] = []  # (F): among the N·T places, the one where a token's attention is computed
        predicting: list[int] = []  # (M): indices in the row
        prompts: dict[tuple[int, ...], int] = {}  # where each prompt begins in the row
        experts: list[npt.NDArray[np.int16]] = []
        lengths = []
        for number, one in enumerate(rollouts):
            prompt_length, completion = len(one.prompt_ids), one.completion_ids[:-1]
            begin = prompts.setdefault(one.prompt_ids, len(tokens))
            end = prompt_length + len(completion)
            if begin == len(tokens):  # the first rollout of this prompt
                if one.experts is not None:
                    experts.append(one.experts[:, :prompt_length])
                tokens += one.prompt_ids
                positions += range(prompt_length)
                computed_at += range(number * width, number * width + prompt_length)
            rows[number, :prompt_length] = torch.arange(begin, begin + prompt_length)
            rows[number, prompt_length:end] = torch.arange(len(tokens), len(tokens) + len(completion))
            predicting += rows[number, prompt_length - 1 : end].tolist()
            if one.experts is not None:
                experts.append(one.experts[:, prompt_length:])
            tokens += completion
            positions += range(prompt_length, end)
            computed_at += range(number * width + prompt_length, number * width + end)
            lengths.append(end)
        place = torch.arange(width)[None]
        real = place < torch.tensor(lengths)[:, None]  # (N, T)
        self._shape = rows.shape
        first = torch.where(real, 0, place).to(device, torch.int32)  # padding attends to itself alone
        self._spans = VisibleSpans(first, padding_only=True)
        self._rows = Picks(rows.flatten().to(device), len(tokens), real.flatten().to(device))
        self._computed_at = Picks(torch.tensor(computed_at, device=device), rows.numel())
        self.completion_picks = Picks(torch.tensor(predicting, device=device), len(tokens))
        recorded = all(one.experts is not None for one in rollouts)
        self.experts = torch.from_numpy(np.concatenate(experts, 1)).to(device, torch.int64) if recorded else None
        self.tokens = torch.tensor([tokens], device=device)
        self.positions = torch.tensor([positions], device=device)

    def lengths(self, positions: Tensor) -> Tensor:
        """As far as the longest rollout reaches: the tokens of a prompt belong to several."""
        return positions.amax(-1, keepdim=True) + 1

    def attend(
        self,
        layer: int,  # noqa: ARG002 - protocol
        q: Tensor,
        k: Tensor,
        v: Tensor,
        scale: float,
        *,
        window: int | None = None,
        softcap: float | None = None,
    ) -> Tensor:
        """Causal attention of every rollout: q (1, F, H, Dk), k (1, F, G, Dk), v (1, F, G, Dv) → (1, F, H, Dv)."""
        q, k, v = self._unpack(q), self._unpack(k), self._unpack(v)
        out = causal_attention(q, k, v, scale, self._spans.within(window), softcap)
        heads = out.shape[2:]
        return self._computed_at(out.reshape(-1, heads.numel())).view(1, -1, *heads)

    def _unpack(self, x: Tensor) -> Tensor:
        """(1, F, heads, channels) → (N, T, heads, channels)."""
        heads = x.shape[2:]
        return self._rows(x.reshape(-1, heads.numel())).view(*self._shape, *heads)
