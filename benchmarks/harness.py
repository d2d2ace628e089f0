"""What every benchmark shares: the machine it ran on, medians, and a result file that nothing overwrites by accident.

A number without its machine, versions and configuration is a rumor, and numbers of two runs cannot be compared on a
machine that others use too. So each file holds one run with everything that was compared in it, the load of the machine
before it began, and ratios between its own entries.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import json
import os
import platform
import re
import socket
import statistics
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from fathom import __version__
from fathom.base import cpu, memory

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
PACKAGES = ("torch", "transformers", "numpy", "tokenizers", "safetensors")
QUIET = 0.25
"""Load average per core up to which a machine counts as quiet."""

Json = dict[str, Any]


def environment() -> Json:
    """The machine and the versions, as they stand now."""
    processor, ram = cpu.detect(), memory.detect()
    return {
        "hardware": {
            "cpu": processor.name,
            "cores": processor.cores,
            "features": list(processor.features),
            "memory_bytes": ram.total,
            "gpu": gpu_name(),
        },
        "versions": {
            "fathom": __version__,
            "commit": commit(),
            "python": platform.python_version(),
            "platform": platform.platform(),
            **{name: installed(name) for name in PACKAGES},
        },
        "load_average": load_average(),
        "quiet": is_quiet(),
    }


def gpu_name() -> str | None:
    """The first NVIDIA device, without loading torch into the measuring process."""
    try:
        done = subprocess.run(
            ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return None
    return done.stdout.splitlines()[0].strip() if done.returncode == 0 and done.stdout.strip() else None


def commit(root: Path = ROOT) -> str | None:
    """The commit of a checkout, marked where files have been changed since."""
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--exclude=*"], cwd=root, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or None


def installed(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def load_average() -> float | None:
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def is_quiet() -> bool:
    """Whether little else runs. Unknown counts as not quiet."""
    load = load_average()
    return load is not None and load <= QUIET * cpu.usable_cores()


def warn_unless_quiet() -> None:
    if not is_quiet():
        print(
            f"warning: the load average is {load_average()}: something else runs on this machine, "
            "so these figures are no measurement",
            file=sys.stderr,
        )


def progress(text: str) -> None:
    """Say on the terminal, in place of what was said before, what is under way."""
    before, after = ("\r\x1b[K", "") if sys.stderr.isatty() else ("", "\n")
    print(f"{before}{text}", end=after, file=sys.stderr, flush=True)


def free_port() -> int:
    """A port of the loopback that no process listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def median(values: Iterable[float]) -> float:
    return statistics.median(values)


def slug(hardware: Json) -> str:
    """``AMD EPYC 9354 32-Core Processor`` with AVX2, 2 cores → ``amd-epyc-9354-avx2-2c``."""
    name = hardware["gpu"] or hardware["cpu"]
    words = re.sub(r"\((r|tm)\)|\d+-core|processor|cpu|@.*", " ", name.lower())
    short = "-".join(re.findall(r"[a-z0-9]+", words))
    if hardware["gpu"]:
        return short
    return "-".join([short, *re.findall(r"[a-z0-9]+", vectors(hardware).lower()), f"{hardware['cores']}c"])


def vectors(hardware: Json) -> str:
    """The widest arithmetic of a processor that decides what it can do: two of one name may differ by a factor."""
    features = set(hardware["features"])
    for names, shown in (
        ({"amx_bf16"}, "AMX"),
        ({"avx512f", "avx512_bf16"}, "AVX512 BF16"),
        ({"avx512f"}, "AVX512"),
        ({"avx2"}, "AVX2"),
        ({"asimd"}, "NEON"),
    ):
        if names <= features:
            return shown
    return ""


def parser(description: str | None) -> argparse.ArgumentParser:
    """The options that every benchmark has."""
    result = argparse.ArgumentParser(description=(description or "").splitlines()[0])
    result.add_argument("--threads", type=int, default=cpu.usable_cores(), help="threads for every engine")
    result.add_argument("--repeats", type=int, default=3, help="measurements of which the median counts")
    result.add_argument("--out", type=Path, default=RESULTS, help="folder of the result file")
    result.add_argument("--force", action="store_true", help="replace today's result file")
    return result


def ask_engine(name: str, job: Json, python: str = sys.executable, limit: float = 3600, root: Path = ROOT) -> Json:
    """Have an engine of the checkout ``root`` do a job in a process of its own, under ``python``."""
    environ = {**os.environ, "OMP_NUM_THREADS": str(job["threads"]), "PYTHONPATH": str(root / "src")}
    command = [python, str(root / "benchmarks" / "engines" / f"{name}_engine.py")]
    done = subprocess.run(
        command, input=json.dumps(job), capture_output=True, text=True, env=environ, check=False, timeout=limit
    )
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
    answer: Json = json.loads(done.stdout.strip().splitlines()[-1])
    return answer


def write(what: str, configuration: Json, results: Json, options: argparse.Namespace, before: Json) -> Path:
    """Store one run; replaces a file only when told to. ``before`` is ``environment()`` taken before it began."""
    now = datetime.datetime.now()
    date = now.date().isoformat()
    path = options.out / f"{what}_{slug(before['hardware'])}_{date}.json"
    if path.exists() and not options.force:
        raise SystemExit(f"{path} exists: move it away, or replace it with --force")
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {
        "what": what,
        "date": date,
        "time": f"{now:%H:%M}",
        **before,
        "configuration": configuration,
        "results": results,
    }
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    print(f"wrote {path}")
    return path


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows as aligned columns, for the terminal."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
