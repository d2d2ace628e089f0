"""The fields of preferences, and what they refuse."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from fathom.server.conversations.preference_fields import Preferences


def test_conversations_are_kept_unless_wished_otherwise():
    preferences = Preferences()
    assert (preferences.retention_days, preferences.trash_days, preferences.memory) == (None, 30, True)


@pytest.mark.parametrize(
    "fields",
    [
        {"unknown": 1},
        {"retention_days": 0},
        {"trash_days": None},
        {"language": "en us"},
        {"search": {"provider": "other"}},
        {"search": {"url": "file:///etc/passwd"}},
        {"run": {"temperature": 3.0}},
        {"run": {"temperature": float("nan")}},
        {"run": {"seed": True}},
        {"custom_instructions": "x" * 20_001},
    ],
)
def test_what_is_refused(fields):
    with pytest.raises(ValidationError):
        Preferences(**fields)
