"""What every part of a configuration shares."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from fathom.base.config import Part


class Size(Part):
    width: int = 1


def test_unknown_keys_are_refused() -> None:
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        Size.model_validate({"width": 2, "widht": 3})


def test_parts_do_not_change_and_compare_by_value() -> None:
    size = Size(width=2)
    with pytest.raises(ValidationError, match="frozen"):
        size.width = 3  # type: ignore[misc]
    assert size == Size.model_validate_json(size.model_dump_json())
    assert hash(size) == hash(Size(width=2))
