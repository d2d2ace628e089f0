"""Recipes: found by name, and called.

``tiny-pretrain`` is the function ``tiny_pretrain`` in ``recipes/tiny_pretrain.py``; ``my/file.py`` is the function
named like the file; ``my/file.py:function`` says which. A recipe is a program and runs with your rights: only files
that you name, or that came with Fathom, are run.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
from collections.abc import Callable
from pathlib import Path

import fathom
from fathom.base.errors import ConfigError
from fathom.train.run.aliases import FUNCTIONS
from fathom.train.run.config import RunConfig

_PACKAGE = Path(fathom.__file__).parent


def recipe(name: str, depth: int | None = None) -> RunConfig:
    """The configuration that the recipe called ``name`` returns; ``depth`` None is its own choice.

    Raises ConfigError where there is no such recipe, it takes no depth, or it returns something else.
    """
    return check_config(name, call(name, depth))


def check_config(name: str, made: object) -> RunConfig:
    """What the recipe called ``name`` returned; ConfigError where it is no RunConfig."""
    if not isinstance(made, RunConfig):
        raise ConfigError(f"the recipe {name} returns no RunConfig", "let the function return one")
    return made


def call(name: str, depth: int | None = None) -> object:
    """What the recipe called ``name`` returns; ConfigError where there is no such recipe, or it takes no depth."""
    function = find(name)
    if depth is None:
        return function()
    if "depth" in inspect.signature(function).parameters:
        return function(depth=depth)
    raise ConfigError(f"the recipe {name} takes no depth", "leave out --depth, or use --set")


def folder() -> Path:
    """The directory of the recipes that ship with Fathom."""
    return _PACKAGE / "recipes"


def names() -> list[str]:
    """Fathom's own recipes."""
    return sorted(file.stem.replace("_", "-") for file in folder().glob("[a-z]*.py"))


def find(name: str) -> Callable[..., object]:
    """The function of that name, uncalled. Raises ConfigError where there is none."""
    place, _, wanted = FUNCTIONS.get(name, name).partition(":")
    path = Path(place) if place.endswith(".py") else folder() / f"{place.replace('-', '_')}.py"
    if not path.is_file():
        raise ConfigError(f"there is no recipe {place}", f"choose one of {', '.join(names())}, or name a Python file")
    function = getattr(_load(path), wanted or path.stem, None)
    if not callable(function):
        raise ConfigError(f"{path} has no function {wanted or path.stem}", "a recipe is a function that returns a run")
    return function


def _load(path: Path) -> object:
    """Our own recipes are modules of the package; the file of a user is loaded as one."""
    if path.is_relative_to(_PACKAGE):
        return importlib.import_module(".".join(("fathom", *path.relative_to(_PACKAGE).with_suffix("").parts)))
    spec = importlib.util.spec_from_file_location(f"fathom_recipe_{path.stem}", path)
    assert spec is not None  # the name ends in .py
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
