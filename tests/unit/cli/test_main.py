import io
import os
import subprocess
import sys

import pytest
from rich.console import Console
from typer.testing import CliRunner

from fathom import __version__
from fathom.base.errors import CheckpointError, FathomError
from fathom.cli import main as command_line


def run(code: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run Python code in a fresh process, without the imports of this one."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "NO_COLOR": "1", **environ}
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=env, check=False, timeout=60
    )


def test_help_loads_no_framework() -> None:
    code = (
        "import sys; sys.argv = ['fathom', '--help']\n"
        "from fathom.cli.main import main\n"
        "try: main()\n"
        "except SystemExit as stop: assert stop.code == 0, stop.code\n"
        "heavy = {'torch', 'numpy', 'fastapi', 'uvicorn', 'tokenizers', 'huggingface_hub'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = run(code)
    assert done.returncode == 0, done.stderr
    assert "Start with: fathom chat" in done.stdout


FAIL = (
    "import sys; sys.argv = ['fathom', 'version']\n"
    "from fathom.base.errors import FathomError\n"
    "from fathom.cli import main as command_line\n"
    "@command_line.app.command('version')\n"
    "def fail() -> None: raise {error}\n"
    "command_line.main()\n"
)


def test_an_error_is_two_lines_and_exit_code_1() -> None:
    done = run(FAIL.format(error="FathomError('the file [a] ends early', 'download it again')"), FATHOM_DEBUG="")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "error: the file [a] ends early\n  try: download it again\n"


def test_the_debug_variable_shows_the_traceback() -> None:
    done = run(FAIL.format(error="FathomError('it broke')"), FATHOM_DEBUG="1")
    assert done.returncode == 1
    assert "Traceback" in done.stderr


def test_an_interrupt_exits_with_130() -> None:
    done = run(FAIL.format(error="KeyboardInterrupt"))
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_a_remedy_is_optional() -> None:
    out = io.StringIO()
    command_line.explain(FathomError("it broke"), Console(file=out))
    assert out.getvalue() == "error: it broke\n"


@pytest.mark.parametrize("color", [True, False])
def test_errors_have_color_on_a_terminal_only(color: bool) -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=color, color_system="standard" if color else None)
    command_line.explain(CheckpointError("bad", "fix"), console)
    assert ("\x1b[1;31merror: " in out.getvalue()) is color


def test_version() -> None:
    result = CliRunner().invoke(command_line.app, ["version"])
    assert (result.exit_code, result.output) == (0, f"fathom {__version__}\n")
