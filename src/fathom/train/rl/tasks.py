"""Tasks by the name in a run's configuration."""

from __future__ import annotations

from fathom.base.errors import ConfigError
from fathom.recipes.countdown.traces import ZeroCountdown
from fathom.tasks import registry
from fathom.tasks.task import Task
from fathom.train.rl.config import TaskConfig
from fathom.train.run.recipe import find


def task_of(config: TaskConfig) -> Task:
    """Those of `fathom.tasks.registry`, the laptop's, and ``recipe:Name``, a class or function of a recipe, called with
    the options. Raises ConfigError on a name or option that nobody knows, or where the recipe gives no task.
    """
    if config.name == ZeroCountdown().name:
        return ZeroCountdown()
    if ":" not in config.name:
        return registry.get(config.name, **config.options)
    made = find(config.name)(**config.options)
    if not isinstance(made, Task):
        raise ConfigError(f"{config.name} gives no task", "return an object with name, items, verify and lenient")
    return made
