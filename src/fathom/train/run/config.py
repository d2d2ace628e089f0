"""Configuration of a run: one frozen, validated object, complete in itself. Unknown keys are errors.

A *recipe* is a Python function that returns one (``recipes/``). Every stage has a class of its own below
:class:`RunConfig`; ``stage`` names it in files. Nothing here needs torch, so that a recipe that cannot run says so at
once.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, Literal, TypeVar

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt, ValidationError

from fathom.base.config import Part
from fathom.base.errors import ConfigError

Config = TypeVar("Config", bound="RunConfig")


class CheckpointConfig(Part):
    """When the state of the run is written, in updates, and how many states are kept."""

    every: PositiveInt = 100
    keep: PositiveInt = 2


class RunConfig(Part):
    """The keys of every stage.

    ``free`` names the keys that may differ between a run and its resume, because no weight depends on them; a dot
    descends. ``description`` is a phrase that reports print beside the name. ``dollars_per_hour`` is what the machine
    costs: the display and the report multiply it with the time. ``precision`` is that of matrix products; weights and
    optimizer stay float32. ``auto`` follows ``fathom.base.device``. ``distributed`` is false for stages that run in one
    process. ``alternatives`` are groups of keys of which one is given: setting it takes the others out.
    """

    distributed: ClassVar[bool] = True
    alternatives: ClassVar[tuple[tuple[str, ...], ...]] = ()

    free: ClassVar[frozenset[str]] = frozenset(
        {
            "checkpoint.every",
            "checkpoint.keep",
            "log_every",
            "description",
            "dollars_per_hour",
            "max_minutes",
            "threads",
        }
    )

    stage: str
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")
    description: str = ""
    seed: int = Field(default=0, ge=0)
    device: str = "auto"
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    threads: PositiveInt | None = None
    max_minutes: PositiveFloat | None = None
    log_every: PositiveInt = 10
    checkpoint: CheckpointConfig = CheckpointConfig()
    dollars_per_hour: NonNegativeFloat = 0.0


def override(config: Config, settings: Iterable[str]) -> Config:
    """``config`` with ``a.b=value`` applied in order; a value is JSON, or a string where it is not. Of ``alternatives``
    those that no setting names become null.

    Raises ConfigError for a key that is not there, a value that does not fit, or a line without ``=``.
    """
    values = config.model_dump(mode="json")
    keys = set()
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals or not key:
            raise ConfigError(f"--set {setting!r} sets nothing", "write --set key=value, as in --set optim.clip=0.5")
        path = key.strip().split(".")
        keys.add(path[0])
        _set(values, path, _value(text.strip()))
    for group in config.alternatives:
        if keys.intersection(group):
            values |= dict.fromkeys(set(group) - keys)
    return validate(type(config), values)


def validate(kind: type[Config], values: Mapping[str, Any]) -> Config:
    """An object of ``kind``; every problem is named at once, as a ConfigError."""
    try:
        return kind.model_validate_json(json.dumps(values))
    except ValidationError as error:
        raise ConfigError("invalid configuration: " + "; ".join(_problems(error, values)), "correct these") from None


def difference(old: Mapping[str, Any], new: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any, Any]]:
    """(dotted key, old, new) wherever two dumped configurations differ; a missing key counts as None."""
    for key in sorted(old.keys() | new.keys()):
        before, after, path = old.get(key), new.get(key), prefix + key
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            yield from difference(before, after, path + ".")
        elif before != after:
            yield path, before, after


def _set(values: dict[str, Any], path: list[str], value: Any) -> None:
    """Unknown keys are left for validation to report."""
    for key in path[:-1]:
        inner = values.get(key)
        if not isinstance(inner, dict):  # an optional part that was None
            inner = values[key] = {}
        values = inner
    values[path[-1]] = value


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _problems(error: ValidationError, values: Mapping[str, Any]) -> Iterator[str]:
    for problem in error.errors(include_url=False):
        where = ".".join(str(part) for part in problem["loc"])
        if problem["type"] == "extra_forbidden":
            what = "there is no such key" + _closest_key(problem["loc"], values)
        elif problem["type"] in _NO_OBJECT:
            what = "it is a group of settings, not one value: set those in it, as in --set " + where + ".KEY=VALUE"
        else:
            what = problem["msg"].lower().removeprefix("value error, ")
        yield f"{where}: {what}" if where else what


_NO_OBJECT = frozenset({"model_type", "model_attributes_type", "dict_type"})
"""Kinds of problems where a value is given in the place of a part."""


def _closest_key(place: tuple[int | str, ...], values: Mapping[str, Any]) -> str:
    """The key beside it that looks like it; a configuration is dumped whole, so all that exist are there."""
    beside: Any = values
    for part in place[:-1]:  # a tagged part has its tag in the place, which is no key
        beside = beside.get(part, beside) if isinstance(beside, Mapping) else {}
    others = [key for key in beside if key != place[-1]] if isinstance(beside, Mapping) else []
    close = difflib.get_close_matches(str(place[-1]), others, n=1, cutoff=0.5)
    return f" (did you mean {close[0]}?)" if close else ""
