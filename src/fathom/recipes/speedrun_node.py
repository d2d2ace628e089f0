"""The curriculum on a node of eight GPUs: a model of 300 million active parameters by the dial, in bfloat16.

`fathom train speedrun-node:pipeline` runs the stages in order.

The corpus and levels are those of `fathom.recipes.curriculum`; what depends on the size is in `countdown.scaled`.
Shapes and memory are checked by tests; the run itself has not been made.
"""

from __future__ import annotations

from fathom.recipes.countdown import scaled
from fathom.train.evaluation.beyond import BeyondConfig
from fathom.train.evaluation.measure import MeasureConfig
from fathom.train.pipeline import Pipeline
from fathom.train.rl.config import RLConfig
from fathom.train.supervised.config import PretrainConfig

NAME = "speedrun-node"
BASE, ZERO = f"runs/{NAME}/base/final", f"runs/{NAME}/zero/final"


def speedrun_node(depth: int = 19) -> PretrainConfig:
    """The base."""
    return scaled.base(NAME, depth, tokens_a_parameter=2, rows_of=64)


def zero(start: str = BASE) -> RLConfig:
    """Reinforcement learning alone, through the levels, four numbers among them."""
    return scaled.zero(NAME, start, steps=400, prompts=256, group=32, rate=1e-5, sequences=1024)


def measure(start: str = ZERO) -> MeasureConfig:
    return scaled.measure(NAME, start)


def beyond(start: str = ZERO, base: str = BASE) -> BeyondConfig:
    return scaled.beyond(NAME, start, base)


def pipeline(depth: int = 19) -> Pipeline:
    """All stages."""
    return scaled.pipeline(NAME, speedrun_node(depth), zero, measure, beyond)
