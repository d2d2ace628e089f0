"""Every expression of the table compiles: one that does not would only show when a file asks for it."""

import pytest

from fathom.text.tokenizer.pretokenizers import PRE_TOKENIZATIONS


@pytest.mark.parametrize("name", PRE_TOKENIZATIONS)
def test_every_way_of_cutting_can_be_built(name: str) -> None:
    pieces = PRE_TOKENIZATIONS[name].pre_tokenizer().pre_tokenize_str("ab 12")
    assert "".join(piece for piece, _ in pieces) == "abĠ12"
