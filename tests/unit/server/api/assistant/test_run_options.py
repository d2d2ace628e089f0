"""Options of a run: strict, and only what was given counts."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from fathom.server.api.assistant.run_options import RunOptions


def test_only_what_was_given():
    options = RunOptions.model_validate({"thinking": "budget", "thinking_budget": 0, "seed": -1, "model": None})
    assert options.options() == {"thinking": "budget", "thinking_budget": 0, "seed": -1}


@pytest.mark.parametrize(
    "wrong",
    [{"thinking": "very"}, {"temperature": 2.1}, {"seed": 2**63}, {"together": 0}, {"max_tokens": 0}, {"tools": [""]}],
)
def test_what_is_refused(wrong):
    with pytest.raises(ValidationError):
        RunOptions.model_validate(wrong)
