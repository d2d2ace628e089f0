"""The training loop of pretraining, fine-tuning and distillation of traces.

An update takes its rows at once, cuts them into micro-batches and divides sums of losses by what the *whole* update
counts, so that the cut changes nothing but memory. Weights, gradients and optimizer state are float32; matrix products
run in the configured precision under autocast.

Everything that the next update depends on is in :meth:`Loop.state`: a run that is killed at any moment resumes from its
last checkpoint to the same weights, bit for bit on a CPU (with the same number of threads). With several ranks
(:mod:`fathom.base.distributed`) each runs this loop on rows of its own, and all make one update.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Protocol

import torch
from torch import Tensor

from fathom.base.device import pick_dtype
from fathom.base.distributed import ALONE, World
from fathom.base.errors import CheckpointError
from fathom.checkpoint.store.store import Saved, Store
from fathom.data.packing.batch import Batch, PackedDataset
from fathom.model import flops
from fathom.model.transformer import Transformer
from fathom.optim.ema import EMA
from fathom.optim.optimizers import build_optimizers
from fathom.train.components.balance import Balance, LoadStatistics
from fathom.train.components.divergence import NOWHERE, DivergedError, SpikeDetector, culprit, steepest
from fathom.train.run import rng
from fathom.train.run.metrics import Recorder
from fathom.train.run.trainable_state import fingerprint, load_trainable_state, trainable_state
from fathom.train.supervised.config import BatchConfig, SupervisedConfig
from fathom.train.supervised.losses import losses, mtp_inputs
from fathom.train.supervised.validation import validate

UNKNOWN = 1_000_000_000
"""Updates of a run that goes by minutes, before the first has shown how long one takes."""


class BatchProvider(Protocol):
    """Provider of batches; :class:`fathom.data.packing.loader.Loader` is one."""

    def take(self, batch_size: int) -> Batch:
        """The next ``batch_size`` rows."""
        ...

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state: dict[str, Any]) -> None: ...


@dataclass(frozen=True, slots=True)
class Update:
    """Result of one update. ``loss`` and ``mtp_loss`` are means over counted targets, nats. ``norm`` is the gradient's
    before clipping. ``loads`` only where statistics were asked for.
    """

    step: int
    loss: float
    mtp_loss: float | None
    norm: float
    factor: float
    rows: int
    tokens: int
    counted: int
    loads: LoadStatistics | None = None
    acceptance: float | None = None


@dataclass(slots=True)
class _Sums:
    """Sums over the micro-batches of an update; tensors, so that nothing waits for the device in between."""

    main: list[Tensor] = field(default_factory=list)
    mtp: list[Tensor] = field(default_factory=list)
    accepted: int = 0
    drafted: int = 0

    def totals(self) -> list[float]:
        """Everything as one row of numbers."""
        main = float(torch.stack(self.main).sum())
        mtp = float(torch.stack(self.mtp).sum()) if self.mtp else 0.0
        return [main, mtp, self.accepted, self.drafted]


class Loop:
    """Trains ``model`` in place for ``total`` updates of ``config``; None where it goes by minutes. Then ``total`` is
    how many will fit at the pace so far, and whatever follows a schedule follows the clock.

    ``batch`` is what an update takes (None: what ``config`` says, however few the data). ``store`` None keeps no
    checkpoints. ``validation`` are rows to measure the loss on, now and then.
    ``shown`` is called with every recorded line. ``before`` holds lines that a new run records first, by kind.
    ``source`` gives rows of this rank alone; of ``world``, the first rank writes.
    """

    def __init__(
        self,
        model: Transformer,
        config: SupervisedConfig,
        source: BatchProvider,
        total: int | None,
        *,
        batch: BatchConfig | None = None,
        store: Store | None = None,
        validation: PackedDataset | None = None,
        shown: Callable[[Mapping[str, Any]], None] = lambda _line: None,
        before: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
        world: World = ALONE,
    ) -> None:
        self.model = model
        self.config = config
        self.source = source
        self.total = total or UNKNOWN
        self.step = 0
        self.tokens = 0
        self.device = next(model.parameters()).device
        self.optimizers = build_optimizers(model, config.optimizers)
        self.ema = EMA(model, config.optim.ema) if config.optim.ema is not None else None
        self._batch = batch or config.batch
        self._schedule = config.optim.schedule if total is None else config.optim.schedule.shorten(total)
        self._store = store
        self._validation = validation
        self._shown = shown
        self._before = before
        self._world = world
        self._frozen = fingerprint(model)
        self._precision = pick_dtype(config.precision, self.device)
        self._spikes = SpikeDetector(config.guard.window, config.guard.spike)
        self._began: float | None = None  # seconds of the run before its first update

    def resume(self, saved: Saved) -> float:
        """Restore a checkpoint; returns the seconds that the run had taken. Raises CheckpointError where it is that of
        another model.
        """
        state = saved.read()
        if state.get("frozen") != self._frozen:
            raise CheckpointError(
                f"the weights that {saved.path} leaves out have changed since", "give start the model of the run"
            )
        load_trainable_state(self.model, state["model"])
        self.optimizers.load_state_dict(state["optimizers"])
        self.source.load_state_dict(state["source"])
        if self.ema is not None:
            self.ema.load_state_dict(state["ema"])
        rng.restore(state["rng"])
        self.step, self.tokens, self._began = state["step"], state["tokens"], state["began"]
        if "warmup" not in state:  # of an earlier version, which never shortened it
            self._schedule = self.config.optim.schedule
        return float(state["seconds"])

    def state(self, seconds: float) -> dict[str, Any]:
        """Everything that :meth:`resume` needs."""
        return {
            "step": self.step,
            "tokens": self.tokens,
            "seconds": seconds,
            "began": self._began,
            "warmup": self._schedule.warmup,
            "model": trainable_state(self.model),
            "frozen": self._frozen,
            "optimizers": self.optimizers.state_dict(),
            "source": self.source.state_dict(),
            "ema": None if self.ema is None else self.ema.state_dict(),
            "rng": rng.capture(),
        }

    def describe(self, recorder: Recorder) -> dict[str, Any]:
        """What ``run.json`` says of the loop; a new run records the lines of what came before it."""
        if self.step == 0:
            for kind, values in self._before.items():
                recorder.record(kind, 0, values)
        return {
            "updates": None if self.config.minutes is not None else self.total,
            "flops_per_token": flops.training(self.model.config, self._batch.length),
        }

    def run(self, recorder: Recorder, stopping: Callable[[], bool] = lambda: False) -> None:
        """Train to the end, or until ``stopping``, asked between updates, holds on any rank, or the time is used up.

        Raises DivergedError before an update that would spoil the weights, CheckpointError where the disk refuses,
        RanksError where another rank is gone.
        """
        balance = Balance(self.model, self._world)
        self.model.train()
        began, since = recorder.seconds, self.tokens
        saved = self.step
        if self._began is None and self.config.minutes is not None:
            self._began = self._clock(recorder)
        try:
            while True:
                seconds = self._clock(recorder)
                self._estimate_total(seconds)
                if self.is_finished(seconds) or self._world.any(stopping()):
                    break
                statistics = (self.step + 1) % self.config.log_every == 0 or self.step + 1 == self.total
                update = self.update(balance, statistics=statistics)
                if statistics:
                    now = recorder.seconds
                    rate = (self.tokens - since) / max(1e-9, now - began)
                    self._shown(recorder.record("train", self.step, self._line(update, rate)))
                    began, since = recorder.seconds, self.tokens
                paused = recorder.seconds
                if self.step % self.config.validate_every == 0 or self.step == self.total:
                    self._validate(recorder)
                if self.step % self.config.checkpoint.every == 0:
                    self.save(recorder.seconds)
                    saved = self.step
                began += recorder.seconds - paused  # neither counts against tokens a second
        finally:
            balance.close()
        if self.config.minutes is not None and self.step % self.config.validate_every:
            self._validate(recorder)
        if saved != self.step:
            self.save(recorder.seconds)

    def is_finished(self, seconds: float) -> bool:
        """Whether updates or time are used up."""
        bounds = [bound * 60 for bound in (self.config.max_minutes, self.config.minutes) if bound is not None]
        updates_done = self.config.minutes is None and self.step >= self.total
        return updates_done or any(seconds >= bound for bound in bounds)

    def _estimate_total(self, seconds: float) -> None:
        """Where the run is limited by time alone, ``total`` becomes what fits into it at the pace so far."""
        minutes = self.config.minutes
        if minutes is not None and self.step:
            assert self._began is not None  # the first update has been
            pace = (seconds - self._began) / self.step
            self.total = self.step + max(1, round((minutes * 60 - seconds) / max(pace, 1e-9)))

    def _clock(self, recorder: Recorder) -> float:
        """Seconds that all ranks agree upon, where anything depends on them."""
        if self.config.max_minutes is None and self.config.minutes is None:
            return recorder.seconds
        return self._world.sums([recorder.seconds])[0] / self._world.size

    def save(self, seconds: float) -> None:
        """Write a checkpoint, from rank 0 and where there is a store."""
        if self._store is not None and self._world.is_main:
            self._store.save(self.step, self.config.model_dump(mode="json"), self.state(seconds))

    def update(self, balance: Balance, *, statistics: bool = False) -> Update:
        """One update of the weights."""
        progress = self.step / self.total
        rows = self._batch.rows_at(progress)
        batch = self.source.take(rows)
        self.optimizers.zero_grad()
        counts = self._count(batch)
        sums = self._backward(batch, rows, counts, balance, progress, statistics=statistics)
        main, mtp, accepted, drafted = self._world.sums(sums.totals())
        loss = main / counts[0]
        self._check(batch, loss)
        self._world.sum_gradients(self.optimizers.parameters)
        factor = self._schedule.factor(self.step, self.total)
        norm = self.optimizers.step(factor)
        if not math.isfinite(norm):
            self._raise_divergence(batch, f"the norm of the gradient is {norm}")
        balance.gather()
        loads = balance.statistics() if statistics else None
        balance.update(self.config.loss.bias_speed_at(progress))
        if self.ema is not None:
            self.ema.update(self.model)
        self.step += 1
        tokens = rows * batch.tokens.shape[1]
        self.tokens += tokens
        return Update(
            step=self.step,
            loss=loss,
            mtp_loss=mtp if sums.mtp else None,
            norm=norm,
            factor=factor,
            rows=rows,
            tokens=tokens,
            counted=counts[0],
            loads=loads,
            acceptance=accepted / drafted if drafted else None,
        )

    def _count(self, batch: Batch) -> list[int]:
        """Targets of the whole update that count, for the model and each MTP module; at least 1, to divide by."""
        own = [batch.counted, *(int(mtp_inputs(batch, depth)[2].sum()) for depth in range(len(self.model.mtp)))]
        return [max(1, int(count)) for count in self._world.sums(own)]

    def _backward(
        self, batch: Batch, rows: int, counts: list[int], balance: Balance, progress: float, *, statistics: bool
    ) -> _Sums:
        """Accumulate our part of the gradient of an update of ``rows`` rows and ``counts`` targets."""
        weights = self.config.loss
        mtp_weight = weights.mtp_at(progress) if len(self.model.mtp) else 0.0
        counted, *mtp_counted = counts
        sums = _Sums()
        for part in self._micro_batches(batch):
            with self._autocast(), balance.watch(part.documents >= 0, statistics=statistics):
                part_sums = losses(
                    self.model,
                    part,
                    mtp=mtp_weight > 0,
                    z=weights.z > 0,
                    statistics=statistics,
                    apart=self.config.document_mask,
                )
            loss = part_sums.main / counted
            if part_sums.mtp:
                means = [loss_sum / count for loss_sum, count in zip(part_sums.mtp, mtp_counted, strict=True)]
                mtp = torch.stack(means).mean()  # V3 eq. 25
                loss = loss + mtp_weight * mtp
                sums.mtp.append(mtp.detach())
            if weights.z:
                loss = loss + weights.z * part_sums.z / counted
            if weights.balance:
                loss = loss + weights.balance * balance.loss() / rows
            loss.backward()
            sums.main.append(part_sums.main.detach())
            sums.accepted += part_sums.accepted
            sums.drafted += part_sums.drafted
        return sums

    def _micro_batches(self, batch: Batch) -> Iterator[Batch]:
        rows = self._batch.micro_rows or len(batch.tokens)
        return (part.to(self.device) for part in batch.split(rows))

    @contextmanager
    def _autocast(self) -> Iterator[None]:
        enabled = self._precision is not torch.float32
        with torch.autocast(self.device.type, dtype=self._precision, enabled=enabled):
            yield

    def _validate(self, recorder: Recorder) -> None:
        if self._validation is not None:
            rows = self._batch.micro_rows or self._batch.rows
            apart = self.config.document_mask
            values = validate(
                self.model, self._validation, rows, apart=apart, autocast=self._autocast(), world=self._world
            )
            self._shown(recorder.record("validation", self.step, values))

    def _check(self, batch: Batch, loss: float) -> None:
        if not math.isfinite(loss):
            self._raise_divergence(batch, f"the loss is {loss}")
        if self._spikes.fires(loss):
            raise self._error(f"the loss jumped to {loss:.3f}; the steepest is {steepest(self.model)}")

    def _raise_divergence(self, batch: Batch, what: str) -> None:
        def forward() -> None:
            with self._autocast():
                for part in self._micro_batches(batch):
                    losses(self.model, part, mtp=len(self.model.mtp) > 0, apart=self.config.document_mask)

        places = self._world.gather(culprit(self.model, forward))  # the rows of one rank alone may cause it
        raise self._error(f"{what}; it begins in {next((place for place in places if place != NOWHERE), NOWHERE)}")

    def _error(self, what: str) -> DivergedError:
        kept = self._store.latest() if self._store is not None else None
        last = f"the checkpoint of step {kept.step} is good" if kept else "there is no checkpoint yet"
        return DivergedError(
            f"training diverged in update {self.step + 1}: {what}; {last}",
            "lower the learning rate or lengthen the warm-up, in a new --out",
        )

    def _line(self, update: Update, rate: float) -> dict[str, Any]:
        """The recorded line of an update, by the names of the report."""
        loads = update.loads
        return {
            "loss": update.loss,
            "mtp_loss": update.mtp_loss,
            "mtp_acceptance": update.acceptance,
            "gradient_norm": update.norm,
            "lr_factor": update.factor,
            "rows": update.rows,
            "total": self.total,
            "tokens": self.tokens,
            "tokens_per_second": rate,
            "max_violation": loads.violation if loads else None,
            "worst_violation": loads.worst_violation if loads else None,
            "router_entropy": loads.entropy if loads else None,
            "dead_experts": loads.dead if loads else None,
            "loads": loads.loads if loads else None,
        }
