import io

import pytest
from rich.console import Console

from fathom.base.errors import FathomError
from fathom.cli import selftest


def broken() -> str:
    raise FathomError("the page is not built", "make web")


def crashing() -> str:
    return str({}["key"])


class Scripted(selftest.SelfTest):
    """A self-test with given parts."""

    def __init__(self, *parts: tuple[str, object]) -> None:
        super().__init__()
        self._parts = parts

    @property
    def parts(self) -> selftest.Parts:
        return self._parts  # type: ignore[return-value]


def show(test: selftest.SelfTest) -> tuple[str, int]:
    out = io.StringIO()
    with pytest.raises(SystemExit) as stop:
        selftest.main(test, Console(file=out, width=100))
    code = stop.value.code
    assert isinstance(code, int)
    return out.getvalue(), code


def test_a_passing_part_gets_a_tick() -> None:
    text, code = show(Scripted(("python", lambda: "3.11"), ("torch", lambda: "2.13")))
    assert text.splitlines()[1:] == ["  ✓ python          3.11", "  ✓ torch           2.13"]
    assert code == 0


def test_the_first_failure_is_shown_and_ends_the_selftest() -> None:
    text, code = show(Scripted(("python", lambda: "3.11"), ("page", broken), ("engine", lambda: "never")))
    assert text.splitlines()[1:] == ["  ✓ python          3.11", "  ✗ page            the page is not built; make web"]
    assert code == 1


def test_an_unexpected_error_shows_its_type() -> None:
    text, code = show(Scripted(("engine", crashing)))
    assert text.splitlines()[1:] == ["  ✗ engine          KeyError: 'key'"]
    assert code == 1


def test_the_real_selftest_passes() -> None:
    text, code = show(selftest.SelfTest())
    assert code == 0, text
    assert "✓ engine          the capital of France is Paris" in text
    assert text.count("✓") == 6
