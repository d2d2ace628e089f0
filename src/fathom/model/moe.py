"""DeepSeekMoE (DeepSeek-V3, section 2.1.2): fine-grained routed experts beside shared ones. No token is dropped.

B batch · T tokens · N = B·T · D hidden · E experts · K experts per token · I expert width
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fathom.model.config import MoEConfig
from fathom.model.mlp import MLP
from fathom.model.router import Router, Routing


class Experts(nn.Module):
    """The routed experts as three stacked tensors: one parameter to shard, to load and to optimise, not 3·E."""

    def __init__(self, width: int, config: MoEConfig) -> None:
        super().__init__()
        count, inner = config.num_experts, config.intermediate_size
        self.gate = nn.Parameter(torch.empty(count, inner, width))
        self.up = nn.Parameter(torch.empty(count, inner, width))
        self.down = nn.Parameter(torch.empty(count, width, inner))

    def forward(self, x: Tensor, routing: Routing) -> Tensor:
        """Σ weight · expert(x) over each token's experts: x (N, D) → (N, D).

        Tokens are sorted by expert, so each expert in use reads its weights once, in one product. The sum is taken in
        float32: K rounded terms would lose the least of them in bfloat16.
        """
        chosen, order = routing.experts.flatten().sort(stable=True)  # (N·K,)
        token = order // routing.experts.shape[1]
        used, counts = chosen.unique_consecutive(return_counts=True)
        gates, ups, downs = self._stacks()
        outputs = [
            F.linear(F.silu(F.linear(rows, gates[e])) * F.linear(rows, ups[e]), downs[e])  # (n, D)
            for e, rows in zip(used.tolist(), x[token].split(counts.tolist()), strict=True)
        ]
        weighted = torch.cat(outputs).float() * routing.weights.flatten()[order, None]
        total = torch.zeros(x.shape, dtype=torch.float32, device=x.device)
        return total.index_add(0, token, weighted).to(x.dtype)

    def _stacks(self) -> tuple[Sequence[Tensor] | Tensor, ...]:
        """Something to index by expert. Selecting from the stack pads each gradient to the whole stack; unbinding it
        once does not, but makes E views, which decoding should not pay for.
        """
        stacks = (self.gate, self.up, self.down)
        return tuple(stack.unbind() for stack in stacks) if torch.is_grad_enabled() else stacks


class MoE(nn.Module):
    """h ↦ Σ shared(h) + Σ g_i · routed_i(h) (V3 eq. 12); (B, T, D) → (B, T, D)."""

    def __init__(self, width: int, config: MoEConfig) -> None:
        super().__init__()
        self.router = Router(width, config)
        self.experts = Experts(width, config)
        shared = config.num_shared_experts * config.intermediate_size
        self.shared = MLP(width, shared) if shared else None

    def forward(self, x: Tensor) -> Tensor:
        flat = x.flatten(0, -2)  # (N, D)
        out = self.experts(flat, self.router(flat)).view_as(x)
        return out if self.shared is None else out + self.shared(x)
