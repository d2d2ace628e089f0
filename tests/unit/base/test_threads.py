"""The environment that a serving process gives to OpenMP."""

from __future__ import annotations

import pytest

from fathom.base.threads import configure_serving_threads


@pytest.mark.parametrize(("chosen", "expected"), [(None, "passive"), ("active", "active")])
def test_a_setting_of_the_user_is_kept(monkeypatch: pytest.MonkeyPatch, chosen: str | None, expected: str) -> None:
    environment = {} if chosen is None else {"OMP_WAIT_POLICY": chosen}
    monkeypatch.setattr("os.environ", environment)
    configure_serving_threads()
    assert environment["OMP_WAIT_POLICY"] == expected
