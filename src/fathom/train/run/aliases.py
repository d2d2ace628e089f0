"""Names that configurations of earlier versions use, and their present names: the only place that knows them.

A configuration is normalized when it is validated, so that an old run resumes with the present recipe.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, model_validator

TOKENIZERS = {"zero": "speedrun:tokenizer"}

TASKS = {"zero-countdown-3": "speedrun:problems", "curriculum:world": "curriculum:problems"}

FUNCTIONS = {
    "curriculum:lessons": "curriculum:corpus",
    "speedrun:continued": "speedrun:continued_pretraining",
    "speedrun:iterated": "speedrun:rejection_round",
    "speedrun:kept": "speedrun:correct_completions",
}
"""Recipes and other functions of recipe files."""


def _rename_task(options: Any) -> Any:
    """Options of a data function that names a task."""
    if isinstance(options, dict) and "task" in options:
        return {**options, "task": TASKS.get(options["task"], options["task"])}
    return options


TokenizerName = Annotated[str, BeforeValidator(lambda name: TOKENIZERS.get(name, name))]
TaskName = Annotated[str, BeforeValidator(lambda name: TASKS.get(name, name))]
FunctionName = Annotated[str, BeforeValidator(lambda name: FUNCTIONS.get(name, name))]
FunctionOptions = Annotated[dict[str, Any], BeforeValidator(_rename_task)]


def with_present_names(values: Mapping[str, Any]) -> dict[str, Any]:
    """A stored description with the present names of tokenizers and tasks, wherever it has them."""

    def rename(key: str, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {inner: rename(f"{key}.{inner}", part) for inner, part in value.items()}
        if isinstance(value, str) and key.endswith(".tokenizer"):
            return TOKENIZERS.get(value, value)
        return TASKS.get(value, value) if isinstance(value, str) and key.endswith(".task.name") else value

    renamed: dict[str, Any] = rename("", values)
    return renamed


def renamed_keys(**names: str) -> Any:
    """A validator for a class of configurations: each old key is read as its new name, parts merged key by key."""

    def rename(values: Any) -> Any:
        if not isinstance(values, Mapping):
            return values
        renamed = {key: value for key, value in values.items() if key not in names}
        for old, new in names.items():
            if old in values:
                renamed[new] = _merge(renamed.get(new), values[old])
        return renamed

    return model_validator(mode="before")(rename)


def _merge(before: Any, part: Any) -> Any:
    return {**before, **part} if isinstance(before, Mapping) and isinstance(part, Mapping) else part
