"""What a training engine and its measurer say to each other: one job in, one answer out, in a process of its own.

A job is ``{"model": DIRECTORY, "precision", "rows", "length", "vocab", "steps", "warmup", "threads", "device", …}``.
Every engine makes the same batch and the same optimizer, so that the losses of the first step tell whether they compute
the same thing.
"""

import contextlib
import json
import sys
import time
from collections.abc import Callable
from typing import Any

import protocol
import torch
from torch import Tensor, nn

LEARNING_RATE = 3e-4

Loss = Callable[[Tensor, Tensor], Tensor]
"""Tokens (B, T) and their successors (B, T) → the mean cross entropy."""


def serve(load: Callable[[dict[str, Any]], tuple[nn.Module, Loss, str]]) -> None:
    """Read the job, train, print the answer. ``load`` gives the model, its loss and the name of the engine."""
    job = json.load(sys.stdin)
    torch.set_num_threads(job["threads"])
    device = torch.device(job["device"])
    began = time.perf_counter()
    model, loss, version = load(job)
    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, fused=True)
    tokens, targets = batch(job, device)
    losses, seconds = [], []
    for step in range(job["warmup"] + job["steps"]):
        start = time.perf_counter()
        losses.append(update(loss, optimizer, tokens, targets, job["precision"]))
        seconds.append(time.perf_counter() - start)
        if step + 1 == job["warmup"]:
            ready = time.perf_counter() - began
    answer = {
        "version": f"{version}, torch {torch.__version__}",
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "ready_s": ready,
        "losses": losses,
        "seconds": seconds[job["warmup"] :],
    }
    print(json.dumps(answer | protocol.memory()), flush=True)


def update(loss: Loss, optimizer: torch.optim.Optimizer, tokens: Tensor, targets: Tensor, precision: str) -> float:
    """One step; the loss before it."""
    optimizer.zero_grad(set_to_none=True)
    half = precision == "bfloat16"
    with torch.autocast(tokens.device.type, dtype=torch.bfloat16) if half else contextlib.nullcontext():
        value = loss(tokens, targets)
    value.backward()
    optimizer.step()
    return value.item()


def batch(job: dict[str, Any], device: torch.device) -> tuple[Tensor, Tensor]:
    """Random tokens and their successors, the same for every engine."""
    generator = torch.Generator().manual_seed(1)
    row = torch.randint(job["vocab"], (job["rows"], job["length"] + 1), generator=generator)
    return row[:, :-1].contiguous().to(device), row[:, 1:].contiguous().to(device)
