"""Data-parallel training: each process takes its share of every batch, and all make the same update.

``torchrun`` starts them and gives each its number; a run only sums over them. Every rank holds all weights and
the whole optimizer state, reads its own rows, and adds its gradient to that of the others, divided by what the *whole*
update counts. So the result is that of one rank on the same batch up to the order of additions, and a checkpoint
holds nothing of ranks: a run resumes with any number of them. Rank 0 alone writes.

torch's DistributedDataParallel was rejected: it wraps the model, averages where we sum, and hides when it communicates.
Gradients are summed once an update, after the last micro-batch. Muon orthogonalizes every matrix on every rank: no
second exchange, at the price of doing the same work everywhere. Weights and optimizer state are not sharded (ZeRO):
what fits one device with its moments can be trained, faster with more of them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import torch
from torch import Tensor, distributed, nn

from fathom.base.device import pick_device
from fathom.base.errors import ConfigError, FathomError

Value = TypeVar("Value")

_PLACE = re.compile(r"^\[\S+:\d+\] ")  # of a line in torch's sources

TIMEOUT = timedelta(minutes=10)
"""How long a rank waits for the others: longer than any of them takes to write or to load."""

BUCKET = 1 << 23
"""Gradients that are summed at once, in numbers: few calls, and little memory beside the gradients themselves."""


class RanksError(FathomError):
    """A rank no longer answers, or holds something else than the others."""


@dataclass(frozen=True, slots=True)
class World:
    """This process is ``rank`` of ``size``, and the one numbered ``local`` on its machine. Alone, nothing here costs
    anything. Whatever sums or gathers must be called by all ranks, in the same order; it raises RanksError where one
    of them is gone.
    """

    rank: int = 0
    size: int = 1
    local: int = 0

    @property
    def is_main(self) -> bool:
        """Whether this rank writes metrics, checkpoints and the display."""
        return self.rank == 0

    def share(self, count: int) -> range:
        """Which of ``count`` things in order are this rank's; shares differ by one at most."""
        return range(count * self.rank // self.size, count * (self.rank + 1) // self.size)

    def device(self, name: str) -> torch.device:
        """The device called ``name``; each rank has a CUDA device of its own."""
        device = pick_device(name)
        if self.size == 1 or device.type != "cuda":
            return device
        if device.index is not None:
            raise ConfigError(f"{self.size} ranks cannot share {device}", "set device=cuda: each rank takes its own")
        if self.local >= torch.cuda.device_count():
            raise ConfigError(
                f"there are {torch.cuda.device_count()} CUDA devices, and rank {self.rank} is number {self.local} here",
                "start one process a device",
            )
        torch.cuda.set_device(self.local)
        return torch.device("cuda", self.local)

    def any(self, flag: bool) -> bool:
        """Whether ``flag`` holds on any rank."""
        return flag if self.size == 1 else self.sums([float(flag)])[0] > 0

    def sums(self, values: Sequence[float]) -> list[float]:
        """Each of ``values`` summed over all ranks."""
        if self.size == 1:
            return list(values)
        table = torch.tensor(values, dtype=torch.float64)
        self.all_reduce(table)
        return table.tolist()

    def all_reduce(self, tensor: Tensor) -> None:
        """Replace ``tensor`` by its sum over all ranks."""
        if self.size > 1:
            with _peer_errors():
                distributed.all_reduce(tensor)

    def gather(self, value: Value) -> list[Value]:
        """The values of all ranks, in their order."""
        if self.size == 1:
            return [value]
        values: list[Value | None] = [None] * self.size
        with _peer_errors():
            distributed.all_gather_object(values, value)
        return values  # type: ignore[return-value]  # every place is filled

    def check_equal(self, what: str, value: object) -> None:
        """Raises RanksError, on every rank, where ``value`` is not the same on all of them."""
        values = self.gather(value)
        other = next((rank for rank, theirs in enumerate(values) if theirs != values[0]), None)
        if other is not None:
            raise RanksError(
                f"{what} is {values[0]!r} on rank 0 and {values[other]!r} on rank {other}",
                "give every rank the same command, the same files and the same --out",
            )

    @torch.no_grad()
    def broadcast(self, model: nn.Module) -> None:
        """Give every rank the weights of rank 0."""
        if self.size > 1:
            with _peer_errors():
                for tensor in model.state_dict().values():
                    distributed.broadcast(tensor, src=0)

    @torch.no_grad()
    def sum_gradients(self, parameters: Iterable[Tensor]) -> None:
        """Replace the gradients by their sums over all ranks; one that no rank has stays None."""
        if self.size == 1:
            return
        every = list(parameters)
        there = torch.tensor([parameter.grad is not None for parameter in every], dtype=torch.int32)
        self.all_reduce(there)
        gradients: list[Tensor] = []
        for parameter, ranks in zip(every, there.tolist(), strict=True):
            if ranks and parameter.grad is None:  # nothing of this rank's share reached it
                parameter.grad = torch.zeros_like(parameter)
            if parameter.grad is not None:
                gradients.append(parameter.grad)
        for bucket in _buckets(gradients):
            flat = torch.cat([gradient.flatten() for gradient in bucket])
            self.all_reduce(flat)
            parts = flat.split([gradient.numel() for gradient in bucket])
            for gradient, part in zip(bucket, parts, strict=True):
                gradient.copy_(part.view_as(gradient))


ALONE = World()
"""One process, which is most runs."""


@contextmanager
def process_group(environment: Mapping[str, str] = os.environ, timeout: timedelta = TIMEOUT) -> Iterator[World]:
    """The world that ``torchrun`` describes in ``environment``; :data:`ALONE` where it did not start us.

    Errors that leave the block say which rank they come from.
    """
    size = int(environment.get("WORLD_SIZE", "1"))
    if size == 1:
        yield ALONE
        return
    world = World(int(environment["RANK"]), size, int(environment["LOCAL_RANK"]))
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    with _peer_errors():
        distributed.init_process_group(backend, rank=world.rank, world_size=size, timeout=timeout)
    try:
        yield world
    except FathomError as error:  # without destroying the group: the others may be gone
        error.message = f"rank {world.rank} of {size}: {error.message}"
        raise
    distributed.destroy_process_group()


@contextmanager
def _peer_errors() -> Iterator[None]:
    """Errors of torch.distributed as RanksError."""
    try:
        yield
    except RuntimeError as error:  # torch's own errors are of this class
        reason = _PLACE.sub("", str(error)).split(". ")[0].splitlines()[0]
        raise RanksError(
            f"another rank no longer answers ({reason})",
            "its own error says why; the same command resumes from the last checkpoint",
        ) from error


def _buckets(tensors: Sequence[Tensor]) -> Iterator[list[Tensor]]:
    """In order, each at most :data:`BUCKET` numbers, or one tensor."""
    bucket: list[Tensor] = []
    size = 0
    for tensor in tensors:
        if bucket and size + tensor.numel() > BUCKET:
            yield bucket
            bucket, size = [], 0
        bucket.append(tensor)
        size += tensor.numel()
    if bucket:
        yield bucket
