import io
import logging

import pytest
from rich.console import Console

from fathom.base.errors import ConfigError
from fathom.base.logging import configure


@pytest.fixture(autouse=True)
def _restore() -> object:
    logger = logging.getLogger("fathom")
    before = (logger.handlers[:], logger.level, logger.propagate)
    yield
    logger.handlers[:], logger.level, logger.propagate = before[0], before[1], before[2]


def test_lines_from_the_level_up_are_shown_once() -> None:
    out = io.StringIO()
    configure("warning", Console(file=io.StringIO()))
    configure("info", Console(file=out, width=80))
    logging.getLogger("fathom.engine").info("ready")
    logging.getLogger("fathom.engine").debug("too much")
    logging.getLogger("someone.else").info("not ours")
    assert out.getvalue().count("ready") == 1
    assert "too much" not in out.getvalue()
    assert "not ours" not in out.getvalue()


def test_an_unknown_level_is_a_clear_error() -> None:
    with pytest.raises(ConfigError, match="choose one of debug, info, warning, error"):
        configure("loud")
