"""Bodies are strict, and an id that does not exist is a 404 that repeats no more than its beginning."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from fathom.server.api.assistant.common import StrictBody, not_found, resource_router
from fathom.server.api.json_io import JsonRoute
from fathom.server.errors import ApiError


class Example(StrictBody):
    count: int = 0


@pytest.mark.parametrize("value", [{"cuont": 1}, {"count": "1"}, {"count": 1.5}])
def test_bodies_are_strict(value):
    with pytest.raises(ValidationError):
        Example.model_validate(value)


def test_what_does_not_exist():
    with pytest.raises(ApiError) as caught:
        not_found("conversation", "x" * 5000)
    assert (caught.value.status_code, caught.value.problem.code) == (404, "not_found")
    assert len(caught.value.problem.message) < 120


def test_the_router_reads_json_strictly():
    assert resource_router().route_class is JsonRoute
