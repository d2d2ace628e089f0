"""Directories of caches and data on a user's machine.

Two places with two promises: what is under the *cache* can be deleted at any time and comes back (downloads, built
kernels); what is under *data* is the user's own (conversations, history). ``FATHOM_HOME`` moves both at once, which
is what tests and containers want; otherwise the XDG variables are honored, and Windows gets its LOCALAPPDATA.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path


def cache_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """Deletable at any time: downloads and built kernels. Not created here."""
    return _place("cache", "XDG_CACHE_HOME", ".cache", environ)


def data_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """The user's own: conversations, history. Not created here."""
    return _place("data", "XDG_DATA_HOME", ".local/share", environ)


def kernels_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """Kernels compiled on this machine; part of the cache."""
    return cache_dir(environ) / "kernels"


def models_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """Downloaded checkpoints; part of the cache."""
    return cache_dir(environ) / "models"


def _place(kind: str, xdg: str, below_home: str, environ: Mapping[str, str]) -> Path:
    if home := environ.get("FATHOM_HOME"):
        return Path(home).expanduser().absolute() / kind
    base = environ.get(xdg, "")
    if os.path.isabs(base):  # the XDG specification: a relative path is invalid and to be ignored
        return Path(base) / "fathom"
    if sys.platform == "win32" and (local := environ.get("LOCALAPPDATA")):
        return Path(local) / "fathom" / kind
    user_home = Path(environ["HOME"]) if environ.get("HOME") else Path.home()
    return user_home / below_home / "fathom"
