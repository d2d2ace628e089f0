"""Bodies are strict."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from fathom.server.api.assistant.common import Id, StrictBody, not_found, resource_router
from fathom.server.api.json_io import JsonRoute
from fathom.server.errors import NotFoundError


class Example(StrictBody):
    count: int = 0


@pytest.mark.parametrize("value", [{"cuont": 1}, {"count": "1"}, {"count": 1.5}])
def test_bodies_are_strict(value):
    with pytest.raises(ValidationError):
        Example.model_validate(value)


def test_the_router_reads_json_strictly():
    assert resource_router().route_class is JsonRoute


def test_what_does_not_exist():
    with pytest.raises(NotFoundError, match="there is no file 'xx") as caught:
        not_found("file", "x" * 5000)
    assert len(str(caught.value)) < 120


def test_an_id_is_text_that_databases_take():
    assert TypeAdapter(Id).validate_python("a\0") == "a�"
