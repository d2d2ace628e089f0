"""How a call finds its implementation, with a backend from outside."""

from __future__ import annotations

import pytest
import torch

from fathom.kernels import registry
from fathom.kernels.implementations import FLOAT32, Backend, Implementation
from fathom.kernels.norm import rms_norm
from fathom.kernels.registry import additional, reference_only
from fathom.model.modules import RMSNorm

ROW = Implementation("norm.rms_norm", Backend("fake", "cpu", "fake_kernels", lambda: True), FLOAT32)


@pytest.fixture(autouse=True)
def _nothing_forced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FATHOM_KERNELS", raising=False)


@pytest.fixture
def x() -> torch.Tensor:
    return torch.randn(3, 8, generator=torch.Generator().manual_seed(0))


@torch.no_grad()
def test_a_row_and_a_file_bring_a_kernel_to_the_model(x: torch.Tensor) -> None:
    module = RMSNorm(8, 1e-6)
    plain = module(x)
    with additional(ROW):
        assert torch.equal(module(x), 2 * plain)
        assert rms_norm.select(x, module.weight, 1e-6, torch.float32) is not None
    assert torch.equal(module(x), plain)


@torch.no_grad()
def test_what_a_kernel_does_not_accept_or_is_not_listed_for_goes_to_the_next(x: torch.Tensor) -> None:
    with additional(ROW):
        assert torch.equal(rms_norm(x[:, :7], torch.ones(7), 1e-6, x.dtype), RMSNorm(7, 1e-6)(x[:, :7]))
        assert torch.equal(rms_norm(x.double(), torch.ones(8), 1e-6, x.dtype), RMSNorm(8, 1e-6)(x.double(), x.dtype))


def test_a_backend_that_is_not_available_is_skipped(x: torch.Tensor) -> None:
    with additional(Implementation(ROW.operation, Backend("absent", "cpu", "no_such_package", lambda: False), FLOAT32)):
        assert rms_norm(x, torch.ones(8), 1e-6, x.dtype).shape == x.shape


@torch.no_grad()
def test_the_reference_can_be_forced(x: torch.Tensor, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = rms_norm.reference(x, torch.ones(8), 1e-6, x.dtype)
    with additional(ROW):
        assert torch.equal(rms_norm(x, torch.ones(8), 1e-6, x.dtype), 2 * plain)
        with reference_only():
            assert torch.equal(rms_norm(x, torch.ones(8), 1e-6, x.dtype), plain)
            assert not rms_norm.has_kernel("cpu", torch.float32)
        assert torch.equal(rms_norm(x, torch.ones(8), 1e-6, x.dtype), 2 * plain)
    monkeypatch.setenv("FATHOM_KERNELS", "ref")
    with additional(ROW):
        assert torch.equal(rms_norm(x, torch.ones(8), 1e-6, x.dtype), plain)


def test_every_row_of_the_table_names_an_operation_and_a_kernel() -> None:
    operations = registry.operations()
    assert {row.operation for row in registry.TABLE} <= operations.keys()
    for row in registry.TABLE:
        assert registry.load(row).function.__name__ == row.operation.rpartition(".")[2]


def test_an_operation_keeps_the_name_and_the_documentation_of_its_reference() -> None:
    assert rms_norm.name == "norm.rms_norm"
    assert rms_norm.__doc__ == rms_norm.reference.__doc__
