from typer.testing import CliRunner

from fathom import __version__
from fathom.cli.main import app


def test_version() -> None:
    result = CliRunner().invoke(app, ["version"])
    assert (result.exit_code, result.output) == (0, f"fathom {__version__}\n")
