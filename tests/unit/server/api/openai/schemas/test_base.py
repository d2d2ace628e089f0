"""Strict request types: whole floats, unknown fields, numbers that are none."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from fathom.server.api.openai.schemas.base import GenerationBody


def test_whole_floats_are_integers_and_text_is_no_number():
    assert GenerationBody.model_validate({"n": 2.0, "some_new_field": 1}).n == 2
    for wrong in ({"n": 2.5}, {"n": "2"}, {"temperature": "0.7"}, {"temperature": float("nan")}, {"top_p": 1.5}):
        with pytest.raises(ValidationError):
            GenerationBody.model_validate(wrong)


@pytest.mark.parametrize(
    "extreme",
    [
        {"temperature": 5e-324},
        {"temperature": 1},
        {"top_p": 0},
        {"top_p": 5e-324},
        {"top_k": -1},
        {"top_k": 2**53},
        {"seed": -(2**63)},
        {"seed": 2**64 - 1},
        {"logit_bias": {}},
        {"logit_bias": {"0": -100, "5": 0.5, "7": 100.0}},
        {"stop": []},
        {"stop": ["1", "2", "3", "4", "5"]},
        {"stop": None, "n": None, "logit_bias": None},
    ],
)
def test_extreme_values_are_values(extreme):
    GenerationBody.model_validate(extreme)


@pytest.mark.parametrize(
    "wrong",
    [
        {"temperature": True},
        {"temperature": float("inf")},
        {"top_k": -2},
        {"min_p": -0.1},
        {"repetition_penalty": 0},
        {"repetition_penalty": 5e-324},
        {"seed": 2**64},
        {"seed": "1"},
        {"logit_bias": {"x": 1}},
        {"logit_bias": {"-1": 1}},
        {"logit_bias": {"5": 101}},
        {"logit_bias": {"5": "1"}},
        {"logit_bias": [[5, 1]]},
        {"min_tokens": -1},
        {"stop_token_ids": [-1]},
        {"stop": [""]},
    ],
)
def test_values_out_of_range(wrong):
    with pytest.raises(ValidationError):
        GenerationBody.model_validate(wrong)
