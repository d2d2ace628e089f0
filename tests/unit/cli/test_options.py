import pytest

from fathom.base.errors import ConfigError
from fathom.cli import options


def test_options_that_are_not_given_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FATHOM_PORT", "9000")
    assert options.settings(port=None, host="0.0.0.0").port == 9000
    assert options.settings(port=9001).port == 9001


def test_a_bad_value_names_its_option() -> None:
    with pytest.raises(
        ConfigError, match=r"dtype 'float7' is not usable: input should be .*; check --dtype or the var"
    ):
        options.settings(dtype="float7")
