"""Which function runs which configuration: the one place where stages are listed."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

from fathom.base.errors import ConfigError
from fathom.base.lock import locked
from fathom.train.config import RunConfig
from fathom.train.display import Display
from fathom.train.pretrain import pretrain
from fathom.train.ranks import ALONE, World
from fathom.train.rl.beyond import BeyondConfig, beyond
from fathom.train.rl.config import RLConfig
from fathom.train.rl.measure import MeasureConfig, measure
from fathom.train.rl.run import learn
from fathom.train.sft import sft
from fathom.train.supervised import PretrainConfig, SFTConfig

LOCK = ".lock"


def run(config: RunConfig, out: Path, display: Display, world: World = ALONE) -> bool:
    """Run ``config`` into ``out``, or go on there; False where it was stopped before its end.

    Every rank of ``world`` calls this; the first holds the lock. Raises BusyError where another run is in ``out``.
    """
    with locked(out / LOCK, str(out), display.say) if world.leads else nullcontext():
        return _run(config, out, display, world)


def _run(config: RunConfig, out: Path, display: Display, world: World) -> bool:
    match config:
        case PretrainConfig():
            return pretrain(config, out, display, world)
        case SFTConfig():
            return sft(config, out, display, world)
        case RLConfig():
            return learn(config, out, display, world)
        case MeasureConfig():
            return measure(config, out, display, world)
        case BeyondConfig():
            return beyond(config, out, display)
        case _:
            raise ConfigError(f"nothing runs the stage {config.stage!r}", "choose pretrain, sft, rl, measure or beyond")
