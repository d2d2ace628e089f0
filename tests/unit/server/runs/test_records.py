import json

import pytest

from fathom.server.runs.records import LOW_BUDGET, RunRequest, RunWrite


def test_a_request_survives_json():
    request = RunRequest(
        ("a", "b"), {"seed": 1}, "m", "low", None, ("t",), ({"name": "t"},), True, 3, ({"type": "answer", "text": "x"},)
    )
    assert RunRequest.from_json(json.loads(json.dumps(request.json()))) == request


@pytest.mark.parametrize(
    ("mode", "budget", "thinks", "tokens"),
    [
        (None, None, None, None),
        ("off", None, False, None),
        ("low", None, True, LOW_BUDGET),
        ("high", 5, True, None),
        ("budget", 77, True, 77),
        ("budget", None, True, LOW_BUDGET),
        ("budget", 0, False, None),
    ],
)
def test_modes_of_thinking(mode, budget, thinks, tokens):
    request = RunRequest((), {"seed": 1}, thinking=mode, thinking_budget=budget)
    assert (request.thinks, request.budget, request.seed) == (thinks, tokens, 1)


def test_the_number_of_a_write_is_that_of_its_last_event():
    assert RunWrite("r", []).sequence is None
    assert RunWrite("r", [{"sequence": 3}, {"sequence": 4}]).sequence == 4
