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
        ({"repetition_penalty": 0}, "repetition_penalty is 0; choose a positive number"),
        ({"max_tokens": 0}, "max_tokens is 0; ask for at least 1 token"),
        ({"n": 0}, "top_k must be at least 0 and n at least 1"),
        ({"top_k": -1}, "top_k must be at least 0 and n at least 1"),
    ],
)
def test_parameters_out_of_range_are_refused(values, message):
    with pytest.raises(RequestError, match=message):
        SamplingParams(**values)


def test_every_request_has_a_unique_id():
    assert Request((1,)).id != Request((1,)).id
