"""Data flows one way, and what need not wait for torch does not."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src"
WITHOUT_TORCH = (
    "fathom.types",
    "fathom.base",
    "fathom.text",
    "fathom.tasks",
    "fathom.engine.request",
    "fathom.report",
    "fathom.server",
    "fathom.cli",
)
EXEMPT = (
    "fathom.base.device",
    "fathom.base.distributed",
    "fathom.server.store.migrations.env",  # only Alembic can import it
)


def modules(*packages: str) -> list[str]:
    """Dotted names of every module under these packages (or of the module itself)."""
    found = []
    for package in packages:
        path = SOURCE / package.replace(".", "/")
        files = sorted(path.rglob("*.py")) if path.is_dir() else [path.with_suffix(".py")]
        found += [
            str(file.relative_to(SOURCE).with_suffix("")).replace("/", ".").removesuffix(".__init__") for file in files
        ]
    return found


def test_data_flows_one_way() -> None:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()", "--no-cache"]
    env = {**os.environ, "PYTHONPATH": str(SOURCE)}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def test_importing_them_loads_no_torch() -> None:
    names = [name for package in WITHOUT_TORCH for name in modules(package) if name not in EXEMPT]
    code = (
        "import importlib, sys\n"
        f"for name in {names!r}:\n"
        "    importlib.import_module(name)\n"
        "    assert 'torch' not in sys.modules, f'{name} loads torch'\n"
    )
    env = {**os.environ, "PYTHONPATH": str(SOURCE)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False, timeout=240
    )
    assert done.returncode == 0, done.stderr
