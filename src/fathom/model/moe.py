"""A mixture of experts: fine-grained routed experts beside shared ones (DeepSeek-V3, section 2.1.2), which a token may
weigh as a whole (Qwen2-MoE). No token is dropped.

B batch · T tokens · N = B·T · D hidden · E experts · K experts per token · I expert width
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fathom.kernels.swiglu import swiglu
from fathom.model.config import MoEConfig
from fathom.model.modules import MLP, matmul_dtype
from fathom.model.router import Router, Routing
from fathom.model.token_dispatch import TokenDispatch, grouped_linear, row_multiple


class Experts(nn.Module):
    """The routed experts as three stacked tensors: one parameter to shard, to load and to optimize, not 3·E."""

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
        if torch.is_grad_enabled():
            return self._train(x, routing)
        chosen, order = routing.experts.flatten().sort(stable=True)  # (N·K,)
        token = order // routing.experts.shape[1]
        used, counts = chosen.unique_consecutive(return_counts=True)
        outputs = [
            F.linear(F.silu(F.linear(rows, self.gate[e])) * F.linear(rows, self.up[e]), self.down[e])  # (n, D)
            for e, rows in zip(used.tolist(), x[token].split(counts.tolist()), strict=True)
        ]
        weighted = torch.cat(outputs).float() * routing.weights.flatten()[order, None]
        total = torch.zeros(x.shape, dtype=torch.float32, device=x.device)
        return total.index_add(0, token, weighted).to(x.dtype)

    def _train(self, x: Tensor, routing: Routing) -> Tensor:
        """The same with products whose gradients cost no copies (:mod:`fathom.model.token_dispatch`)."""
        dtype, out_dtype = matmul_dtype(x), x.dtype
        x = x.to(dtype)
        dispatch = TokenDispatch(routing.experts, len(self.gate), row_multiple(x))
        rows = dispatch.dispatch(x)  # (N·K, D), and zeros
        inner = swiglu(grouped_linear(rows, dispatch, self.gate, self.up))  # (N·K, I)
        out = grouped_linear(inner, dispatch, self.down)  # (N·K, D)
        return dispatch.combine(out, routing.weights).to(out_dtype)


class MoE(nn.Module):
    """h ↦ Σ shared(h) + Σ g_i · routed_i(h) (V3 eq. 12), the first sum times σ(w·h) where there is a ``shared_gate``;
    (B, T, D) → (B, T, D).
    """

    def __init__(self, width: int, config: MoEConfig) -> None:
        super().__init__()
        self.router = Router(width, config)
        self.experts = Experts(width, config)
        self.shared = MLP(width, config.shared_width) if config.shared_width else None
        self.shared_gate = nn.Parameter(torch.empty(1, width)) if config.shared_gate else None

    def forward(self, x: Tensor) -> Tensor:
        flat = x.flatten(0, -2)  # (N, D)
        out = self.experts(flat, self.router(flat)).view_as(x)
        if self.shared is None:
            return out
        shared = self.shared(x)
        return out + (shared if self.shared_gate is None else F.linear(x, self.shared_gate).sigmoid() * shared)
