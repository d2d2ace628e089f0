"""Strict request types: refused fields, whole floats, unknown fields."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from fathom.server.api.openai.schemas.base import REFUSED, GenerationBody


@pytest.mark.parametrize("name", REFUSED)
def test_fields_that_cannot_be_honored_are_refused(name):
    with pytest.raises(ValidationError, match=name):
        GenerationBody.model_validate({name: {"a": 1}})
    GenerationBody.model_validate({name: None})


def test_whole_floats_are_integers_and_text_is_no_number():
    assert GenerationBody.model_validate({"n": 2.0, "some_new_field": 1}).n == 2
    for wrong in ({"n": 2.5}, {"n": "2"}, {"temperature": "0.7"}, {"temperature": float("nan")}, {"top_p": 1.5}):
        with pytest.raises(ValidationError):
            GenerationBody.model_validate(wrong)
