"""Text completion schema: the four kinds of prompt and their bounds."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from fathom.server.api.openai.schemas.completions import CompletionRequest


@pytest.mark.parametrize("prompt", ["", "x", ["x", "y"], [1, 2], [[1], [2, 3]]])
def test_prompts(prompt):
    assert CompletionRequest.model_validate({"prompt": prompt}).prompt == prompt


@pytest.mark.parametrize(
    ("prompt", "message"),
    [
        ([1.5], "valid integer"),
        ([True], "valid integer"),
        ([2**31], "less than or equal to 2147483647"),
        ([[1, "x"]], "valid integer"),
        (["x", 1], "valid string"),
        (5, "valid string"),
        (None, "valid string"),
        ([{"text": "x"}], "valid string"),
    ],
)
def test_an_error_is_about_the_kind_of_prompt_that_was_sent(prompt, message):
    with pytest.raises(ValidationError, match=message) as refused:
        CompletionRequest.model_validate({"prompt": prompt})
    assert refused.value.error_count() == 1


@pytest.mark.parametrize("body", [{}, {"prompt": []}, {"prompt": [[]]}, {"prompt": [-1]}, {"prompt": ["x"] * 129}])
def test_invalid_prompts(body):
    with pytest.raises(ValidationError):
        CompletionRequest.model_validate(body)
