"""Sampling parameters: the client's choices over the model's recommendation."""

from __future__ import annotations

from fathom.engine.request import SamplingParams
from fathom.server.generation.jobs import sampling_params


def test_open_parameters_take_the_recommendation():
    recommended = SamplingParams(temperature=0.6, top_p=0.95)
    assert sampling_params(recommended, {}) == recommended
    assert sampling_params(recommended, {"temperature": 0.0}) == SamplingParams(temperature=0.0, top_p=0.95)


def test_ignore_eos_drops_the_recommended_stop_tokens():
    params = sampling_params(SamplingParams(stop_token_ids=(7,)), {"ignore_eos": True})
    assert params.stop_token_ids == ()
    assert sampling_params(SamplingParams(stop_token_ids=(7,)), {}).stop_token_ids == (7,)


def test_stop_tokens_of_the_client_add_to_those_of_the_model():
    recommended = SamplingParams(stop_token_ids=(7,))
    assert sampling_params(recommended, {"stop_token_ids": (8,)}).stop_token_ids == (7, 8)
    assert sampling_params(recommended, {"stop_token_ids": (8,), "ignore_eos": True}).stop_token_ids == (8,)
