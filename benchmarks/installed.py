"""What a package and all that it requires take on the disk, as installed in an environment."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import subprocess
import sys
from collections import deque
from pathlib import Path

from packaging.requirements import Requirement

from benchmarks.harness import ROOT, Json

PACKAGE = "fathom"
"""Our package's folder, which an editable installation leaves in the checkout."""
TORCH = re.compile(r"torch|triton|nvidia-.*|cuda-.*")
"""Packages of torch, which are counted apart: its size depends on the index that it came from."""


def installed(package: str, python: Path = Path(sys.executable)) -> Json:
    """Bytes and packages of ``package`` and its requirements in the environment of the interpreter ``python``.

    Raises:
        subprocess.CalledProcessError: where the environment lacks the package or ``packaging``
    """
    command = [str(python), "-m", "benchmarks.installed", package]
    environ = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=True)
    answer: Json = json.loads(done.stdout)
    return answer


def measure(package: str) -> Json:
    """The same, of the interpreter that runs this."""
    sizes = {name: distribution_bytes(name) for name in closure(package)}
    torch = sum(size for name, size in sizes.items() if TORCH.fullmatch(name))
    return {
        "version": importlib.metadata.version(package),
        "packages": len(sizes),
        "bytes": sum(sizes.values()) - torch,
        "torch_bytes": torch,
    }


def closure(package: str) -> set[str]:
    """The names, normalized, of a package and of what it requires here without extras, at any depth."""
    found: set[str] = set()
    queue = deque([(package, frozenset[str]())])
    seen: set[tuple[str, frozenset[str]]] = set()
    while queue:
        name, extras = queue.popleft()
        name = normalized(name)
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        try:
            requirements = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:
            continue  # a requirement of another platform's, or one that the environment goes without
        found.add(name)
        for requirement in map(Requirement, requirements):
            marker = requirement.marker
            if marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *extras)):
                queue.append((requirement.name, frozenset(requirement.extras)))
    return found


def distribution_bytes(name: str) -> int:
    """Bytes of the files that a distribution put into the environment; of an editable one, of its package."""
    distribution = importlib.metadata.distribution(name)
    paths = [Path(str(distribution.locate_file(file))) for file in distribution.files or ()]
    size = sum(path.lstat().st_size for path in paths if path.is_file())
    origin = json.loads(distribution.read_text("direct_url.json") or "{}")
    if origin.get("dir_info", {}).get("editable"):
        source = ROOT / "src" / PACKAGE
        size += sum(path.stat().st_size for path in source.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return size


def normalized(name: str) -> str:
    """A distribution's name as the index compares it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1])))
