"""DeepSeekMoE (DeepSeek-V3, section 2.1.2): fine-grained routed experts beside shared ones. No token is dropped.

B batch · T tokens · N = B·T · D hidden · E experts · K experts per token · I expert width
"""

from __future__ import annotations

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

        Tokens are sorted by expert, so each expert in use reads its weights once and multiplies one matrix. The sum
        is taken in float32: K rounded terms would lose the least of them in bfloat16.
        """
        per_token = routing.experts.shape[1]
        flat = routing.experts.flatten()  # (N·K,)
        order = flat.argsort(stable=True)
        token = order // per_token
        counts = flat.bincount(minlength=self.gate.shape[0]).tolist()
        # Unbinding once keeps the backward pass linear in E: each select would otherwise pad its gradient to the stack.
        stacks = list(zip(self.gate.unbind(), self.up.unbind(), self.down.unbind(), strict=True))
        outputs, start = [], 0
        for expert, count in enumerate(counts):
            if count:
                rows = x[token[start : start + count]]  # (n, D)
                gate, up, down = stacks[expert]
                outputs.append(F.linear(F.silu(F.linear(rows, gate)) * F.linear(rows, up), down))
                start += count
        weighted = torch.cat(outputs).float() * routing.weights.flatten()[order, None]
        total = torch.zeros(x.shape, dtype=torch.float32, device=x.device)
        return total.index_add(0, token, weighted).to(x.dtype)


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
