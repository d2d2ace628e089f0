"""Tasks by the name in a run's configuration."""

from __future__ import annotations

from typing import Any

from pydantic import Field, model_validator

from fathom.base.config import Part
from fathom.base.errors import ConfigError
from fathom.tasks import registry
from fathom.tasks.task import Task
from fathom.train.run.aliases import TaskName
from fathom.train.run.recipe import find


class TaskConfig(Part):
    """``name`` as in `fathom.tasks.registry`, or ``recipe:Name``, a class or function of a recipe file that returns a
    task; ``options`` are its arguments. A name alone is a task without options.
    """

    name: TaskName
    options: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _by_name(cls, values: Any) -> Any:
        return {"name": values} if isinstance(values, str) else values


def load_task(config: TaskConfig) -> Task:
    """Raises ConfigError on a name or option that is not known, or where the recipe returns no task."""
    if ":" not in config.name:
        return registry.get(config.name, **config.options)
    task = find(config.name)(**config.options)
    if not isinstance(task, Task):
        raise ConfigError(f"{config.name} gives no task", "return an object with name, items, verify and lenient")
    return task
