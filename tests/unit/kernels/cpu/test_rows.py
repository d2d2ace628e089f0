"""How tensors become arguments of the row kernels."""

from __future__ import annotations

import pytest
import torch

from fathom.kernels.cpu.rows import are_floats, flat, pointer, wants_no_gradient


def test_rows_are_copied_only_where_their_strides_are_uneven() -> None:
    x = torch.randn(2, 3, 4)
    assert flat(x).data_ptr() == x.data_ptr()
    assert flat(x).shape == (6, 4)
    assert flat(x[..., :2]).stride() == (4, 1)
    turned = torch.randn(4, 3).t()
    assert flat(turned).is_contiguous()
    assert torch.equal(flat(turned), turned)


def test_a_pointer_is_to_contiguous_numbers() -> None:
    x = torch.zeros(4)
    assert pointer(x) == x.data_ptr()
    with pytest.raises(AssertionError):
        pointer(torch.zeros(4, 4)[:, 0])


def test_what_kernels_ask_of_tensors() -> None:
    x = torch.zeros(2, requires_grad=True)
    assert are_floats(x, x.bfloat16())
    assert not are_floats(x, x.half())
    assert not are_floats(x.to("meta"))
    assert not wants_no_gradient(x)
    assert wants_no_gradient(x.detach())
    with torch.no_grad():
        assert wants_no_gradient(x)
