import math

import pytest

from fathom.base.errors import RequestError
from fathom.engine.request import Request, SamplingParams


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"temperature": -0.1}, "temperature is -0.1; choose a value between 0 and 100"),
        ({"temperature": math.nan}, "temperature is nan"),
        ({"top_p": 1.1}, "top_p is 1.1; choose a value between 0 and 1"),
        ({"min_p": -1}, "min_p is -1"),
        ({"presence_penalty": 2.5}, "presence_penalty is 2.5; choose a value between -2 and 2"),
        ({"temperature": math.inf}, "temperature is inf"),
        ({"repetition_penalty": 0}, "repetition_penalty is 0; choose a value between 0.01 and 100"),
        ({"repetition_penalty": 5e-324}, "repetition_penalty is 5e-324"),
        ({"max_tokens": -1}, "max_tokens is -1; choose at least 0"),
        ({"max_tokens": 3, "min_tokens": 4}, "min_tokens is 4; choose a number from 0 to max_tokens"),
        ({"min_tokens": -1}, "min_tokens is -1"),
        ({"logit_bias": ((3, 100.5),)}, "the bias of token 3 is 100.5; choose a value between -100 and 100"),
        ({"logit_bias": ((3, math.nan),)}, "the bias of token 3 is nan"),
        ({"n": 0}, "top_k must be at least 0 and n at least 1"),
        ({"top_k": -1}, "top_k must be at least 0 and n at least 1"),
    ],
)
def test_parameters_out_of_range_are_refused(values, message):
    with pytest.raises(RequestError, match=message):
        SamplingParams(**values)


@pytest.mark.parametrize("temperature", [1e-39, 1e-46, 5e-324])
def test_a_temperature_that_float32_cannot_hold_is_greedy(temperature):
    assert SamplingParams(temperature=temperature).temperature == 0
    assert SamplingParams(temperature=1e-37).temperature == 1e-37


def test_every_request_has_a_unique_id():
    assert Request((1,)).id != Request((1,)).id
