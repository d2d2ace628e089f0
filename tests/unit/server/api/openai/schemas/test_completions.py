"""Text completion schema: the four kinds of prompt and their bounds."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from fathom.server.api.openai.schemas.completions import CompletionRequest


@pytest.mark.parametrize("prompt", ["", "x", ["x", "y"], [1, 2], [[1], [2, 3]]])
def test_prompts(prompt):
    assert CompletionRequest.model_validate({"prompt": prompt}).prompt == prompt


@pytest.mark.parametrize("body", [{}, {"prompt": []}, {"prompt": [[]]}, {"prompt": [-1]}, {"prompt": ["x"] * 129}])
def test_invalid_prompts(body):
    with pytest.raises(ValidationError):
        CompletionRequest.model_validate(body)
