"""Prompts computed once: the completions of one prompt share its tokens, in everything but attention.

A group of G completions repeats its prompt G times, and completions of unlike length are padded to the longest. Here
rollouts lie in one row of tokens, each distinct prompt once and the completions behind it, without padding: that is
what products, norms and experts compute. Attention takes from it a padded row for each rollout, prompt and completion
one behind the other, and hands back what every token found. So each sees exactly what it would see in a row of its own,
and what a prompt learns adds up over its completions (the idea of Prefix Grouper, arXiv 2506.05433).

    N rollouts · T places of the longest, its last token left out · F tokens of the row · C channels
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
    """Rows of a table, picked by number, any number of times; what a row learns is the sum over its picks.

    ``places`` (R,) are row numbers of a table with ``rows`` rows. ``used`` (R,) bool marks the picks that are not
    padding; the others have no gradient.
    """

    def __init__(self, places: Tensor, rows: int, used: Tensor | None = None) -> None:
        order = places.argsort(stable=True)
        order = order if used is None else order[used[order]]
        counts = torch.bincount(places[order], minlength=rows)
        self.places = places
        self.readers = order  # picks, row by row
        self.offsets = counts.cumsum(0) - counts  # (rows,) where those of each row begin

    def __call__(self, table: Tensor) -> Tensor:
        """(rows, C) → (R, C)."""
        picked: Tensor = _Pick.apply(table, self)
        return picked


class _Pick(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, table: Tensor, picks: Picks) -> Tensor:
        ctx.picks = picks
        return table.index_select(0, picks.places)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        picks = ctx.picks
        return F.embedding_bag(picks.readers, gradient.contiguous(), picks.offsets, mode="sum"), None


class Shared:
    """How rollouts lie in one row, and the attention context that knows it.

    ``tokens`` and ``positions`` are (1, F); ``chosen`` (M,) picks of the row what predicts each completion token, those
    of the first rollout first. ``experts`` (L, F, K) are where its tokens went when they were sampled; None where
    that is not known.
    """

    absorbed = False

    def __init__(self, rollouts: Sequence[Rollout], device: torch.device | str = "cpu") -> None:
        width = max(len(one.prompt_ids) + len(one.completion_ids) for one in rollouts) - 1
        rows = torch.zeros(len(rollouts), width, dtype=torch.int64)  # which token of the row stands at each place
        tokens: list[int] = []
        positions: list[int] = []
        back: list[int] = []  # where each token's attention is computed, among N·T places
        chosen: list[int] = []
        begins: dict[tuple[int, ...], int] = {}  # prompts that lie in the row
        routes: list[npt.NDArray[np.int16]] = []
        lengths = []
        for number, one in enumerate(rollouts):
            begin = begins.setdefault(one.prompt_ids, len(tokens))
            middle, shown = len(one.prompt_ids), one.completion_ids[:-1]
            end = middle + len(shown)
            if begin == len(tokens):
                if one.experts is not None:
                    routes.append(one.experts[:, :middle])
                tokens += one.prompt_ids
                positions += range(middle)
                back += range(number * width, number * width + middle)
            rows[number, :middle] = torch.arange(begin, begin + middle)
            rows[number, middle:end] = torch.arange(len(tokens), len(tokens) + len(shown))
            chosen += rows[number, middle - 1 : end].tolist()
            if one.experts is not None:
                routes.append(one.experts[:, middle:])
            tokens += shown
            positions += range(middle, end)
            back += range(number * width + middle, number * width + end)
            lengths.append(end)
        place = torch.arange(width)[None]
        real = place < torch.tensor(lengths)[:, None]  # (N, T)
        self._shape = rows.shape
        first = torch.where(real, 0, place).to(device, torch.int32)  # padding sees itself alone
        self._spans = VisibleSpans(first, padding_only=True)
        self._rows = Picks(rows.flatten().to(device), len(tokens), real.flatten().to(device))
        self._back = Picks(torch.tensor(back, device=device), rows.numel())
        self.chosen = Picks(torch.tensor(chosen, device=device), len(tokens))
        known = all(one.experts is not None for one in rollouts)
        self.experts = torch.from_numpy(np.concatenate(routes, 1)).to(device, torch.int64) if known else None
        self.tokens = torch.tensor([tokens], device=device)
        self.positions = torch.tensor([positions], device=device)

    def attend(self, layer: int, q: Tensor, k: Tensor, v: Tensor, scale: float) -> Tensor:  # noqa: ARG002 - protocol
        """Causal attention of every rollout: q (1, F, H, Dk), k (1, F, G, Dk), v (1, F, G, Dv) → (1, F, H, Dv)."""
        q, k, v = self._apart(q), self._apart(k), self._apart(v)
        attended = causal_attention(q, k, v, scale, self._spans)
        heads = attended.shape[2:]
        return self._back(attended.reshape(-1, heads.numel())).view(1, -1, *heads)

    def _apart(self, x: Tensor) -> Tensor:
        """(1, F, heads, channels) → (N, T, heads, channels)."""
        heads = x.shape[2:]
        return self._rows(x.reshape(-1, heads.numel())).view(*self._shape, *heads)
