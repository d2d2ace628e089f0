"""The stages of training: which function runs which configuration."""

from __future__ import annotations

import errno
from contextlib import nullcontext
from pathlib import Path

from fathom.base.distributed import ALONE, World
from fathom.base.errors import CheckpointError, ConfigError
from fathom.base.lock import exclusive
from fathom.train.distill.config import DistillConfig, OnPolicyConfig
from fathom.train.distill.run import distill, distill_on_policy
from fathom.train.evaluation.beyond import BeyondConfig, beyond
from fathom.train.evaluation.measure import MeasureConfig, measure
from fathom.train.rl.config import RLConfig
from fathom.train.rl.run import run_rl
from fathom.train.run.config import RunConfig
from fathom.train.run.display import Display
from fathom.train.supervised.config import PretrainConfig, SFTConfig
from fathom.train.supervised.run import run_supervised

LOCK = ".lock"


def run(config: RunConfig, out: Path, display: Display, world: World = ALONE) -> bool:
    """Run ``config`` into ``out``, or resume it there; False where it was stopped before its end.

    Every rank of ``world`` calls this; the first holds the lock. Raises BusyError where another run is in ``out``, and
    CheckpointError where the disk takes nothing.
    """
    try:
        with exclusive(out / LOCK, str(out), display.say) if world.is_main else nullcontext():
            return _run(config, out, display, world)
    except (ConnectionError, TimeoutError):  # another rank has ended
        raise
    except OSError as error:
        raise _storage_error(error, out) from error


def _storage_error(error: OSError, out: Path) -> CheckpointError:
    """The error of a file that the system would not read or write."""
    full = error.errno in (errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC))
    return CheckpointError(
        f"{error.filename or out}: {(error.strerror or str(error)).lower()}",
        "free some space and run the same command again: it resumes from its last checkpoint"
        if full
        else "make sure that this process may write there, or choose another --out",
    )


def _run(config: RunConfig, out: Path, display: Display, world: World) -> bool:
    if world.size > 1 and not config.distributed:
        raise ConfigError(f"the stage {config.stage} runs in one process", "leave out --ranks, or torchrun")
    match config:
        case PretrainConfig() | SFTConfig():
            return run_supervised(config, out, display, world)
        case DistillConfig():
            return distill(config, out, display, world)
        case OnPolicyConfig():
            return distill_on_policy(config, out, display, world)
        case RLConfig():
            return run_rl(config, out, display, world)
        case MeasureConfig():
            return measure(config, out, display, world)
        case BeyondConfig():
            return beyond(config, out, display)
        case _:
            stages = "pretrain, sft, distill, rl, measure or beyond"
            raise ConfigError(f"nothing runs the stage {config.stage!r}", f"choose {stages}")
