"""Each kernel beside torch's own operator for the same work, in one run.

Weights are larger than the caches together, so that each repeat reads them from memory, as decoding does. Rates are of
bytes of weights read (or of cache, for attention) per second.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks import harness
from benchmarks.harness import Json, median
from fathom.kernels.attention import paged_attention
from fathom.kernels.cpu.library import status
from fathom.kernels.formats.matrix import Matrix, dense, quantize
from fathom.kernels.matmul import quantized_linear

ROWS = (1, 4, 8, 16, 512)
COPIES = 6
"""Weights of one shape in turn: none is in a cache when its turn comes again."""


def main() -> None:
    parser = harness.parser(__doc__)
    parser.add_argument("--size", type=int, default=4096, help="rows and columns of the weights")
    parser.add_argument("--context", type=int, nargs="+", default=[512, 4096], help="tokens in the cache")
    options = parser.parse_args()
    harness.warn_unless_quiet()
    before = harness.environment()
    torch.set_num_threads(options.threads)
    configuration = {
        "threads": options.threads,
        "repeats": options.repeats,
        "size": options.size,
        "context": options.context,
        "compiler": status().compiler,
        "reason": status().reason,
    }
    with torch.inference_mode():
        results = {"linear": linears(options), "attention": attentions(options)}
    harness.write("kernels", configuration, results, options, before)


def linears(options: argparse.Namespace) -> list[Json]:
    """Ours in every format against ``F.linear`` in the activations' type."""
    rows = []
    for dtype in (torch.float32, torch.bfloat16):
        plain = [torch.randn(options.size, options.size).to(dtype) for _ in range(COPIES)]
        by_format: dict[str, list[Matrix]] = {str(dtype).removeprefix("torch."): [dense(w) for w in plain]}
        by_format |= {kind: [quantize(w, kind) for w in plain] for kind in ("q8_0", "q4_0", "q4_1")}
        for count in ROWS:
            x = torch.randn(count, options.size).to(dtype)
            theirs = timed([partial(F.linear, x, w) for w in plain], options.repeats)
            for kind, matrices in by_format.items():
                ours = timed([partial(quantized_linear, x, m) for m in matrices], options.repeats)
                rows.append(
                    {
                        "activations": str(dtype).removeprefix("torch."),
                        "weights": kind,
                        "rows": count,
                        "microseconds": round(ours * 1e6, 1),
                        "torch_microseconds": round(theirs * 1e6, 1),
                        "gigabytes_per_second": round(matrices[0].num_bytes / ours / 1e9, 2),
                        "speedup": round(theirs / ours, 2),
                    }
                )
                print(rows[-1])
    return rows


def attentions(options: argparse.Namespace) -> list[Json]:
    """Paged attention against fused attention on a cache in one piece (which a server does not have)."""
    heads, groups, dim, page = 9, 3, 64, 16
    rows = []
    for dtype in (torch.float32, torch.bfloat16):
        for length in options.context:
            for count in (1, 512):
                pages = torch.randn(2, length // page, page, groups, dim).to(dtype)
                q = torch.randn(count, heads, dim).to(dtype)
                tables = torch.arange(length // page, dtype=torch.int32)[None]
                starts = torch.tensor([0, count], dtype=torch.int32)
                lengths = torch.tensor([length], dtype=torch.int32)
                k, v = pages.flatten(1, 2).transpose(1, 2)[:, None]
                visible = torch.ones(count, length, dtype=torch.bool).tril(length - count) if count > 1 else None

                def ours(q: Tensor = q, pages: Tensor = pages, index: tuple[Tensor, ...] = (tables, starts, lengths)):
                    return paged_attention(q, pages[0], pages[1], *index, dim**-0.5, dim)

                def theirs(q: Tensor = q, k: Tensor = k, v: Tensor = v, visible: Tensor | None = visible):
                    return F.scaled_dot_product_attention(
                        q.transpose(0, 1)[None], k, v, attn_mask=visible, enable_gqa=True
                    )

                mine, torchs = timed([ours], options.repeats), timed([theirs], options.repeats)
                rows.append(
                    {
                        "type": str(dtype).removeprefix("torch."),
                        "context": length,
                        "queries": count,
                        "microseconds": round(mine * 1e6, 1),
                        "torch_microseconds": round(torchs * 1e6, 1),
                        "speedup": round(torchs / mine, 2),
                    }
                )
                print(rows[-1])
    return rows


def timed(calls: list[Callable[[], Tensor]], repeats: int) -> float:
    """Median seconds of a call, over ``repeats`` rounds of all."""
    for call in calls:
        call()
    seconds = []
    for _ in range(max(1, repeats)):
        for call in calls:
            began = time.perf_counter()
            call()
            seconds.append(time.perf_counter() - began)
    return median(seconds)


if __name__ == "__main__":
    main()
