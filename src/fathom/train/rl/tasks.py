"""Tasks by the name in a run's configuration."""

from __future__ import annotations

from fathom.tasks import registry
from fathom.tasks.task import Task
from fathom.train.rl.config import TaskConfig
from fathom.train.zero.traces import ZeroCountdown


def task_of(config: TaskConfig) -> Task:
    """Those of `fathom.tasks.registry`, and the laptop's. Raises ConfigError on a name or option that nobody knows."""
    if config.name == ZeroCountdown().name:
        return ZeroCountdown()
    return registry.get(config.name, **config.options)
