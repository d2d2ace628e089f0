"""Every kernel of the table against the reference of its operation, on drawn arguments: values and gradients."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from gradients import outputs, with_gradients
from kernel_cases import CASES, Case, Draw
from torch import Tensor

from fathom.kernels import registry
from fathom.kernels.implementations import CPP_BFLOAT16, TABLE, Implementation

pytestmark = pytest.mark.usefixtures("kernels")

COMPARISONS = [(row, kind) for row in TABLE for kind in row.kinds]
SEEDS = 12


def name_of(value: object) -> str:
    if isinstance(value, Implementation):
        return f"{value.operation}-{value.backend.name}"
    return str(value).removeprefix("torch.")


def copied(case: Case) -> Case:
    """Tensors of its own: an operation may write into its arguments."""

    def copy(value: Any) -> Any:
        return value.clone() if isinstance(value, Tensor) else value

    kwargs = {name: copy(value) for name, value in case.kwargs.items()}
    return Case(tuple(copy(value) for value in case.args), kwargs, case.differentiable, case.scale)


def results(function: Any, case: Case, *, arguments: bool) -> list[Tensor]:
    """What ``function`` returns, with gradients where there are any, and the first argument where that is written."""
    if not case.differentiable:
        returned = outputs(function(*case.args, **case.kwargs))
        return [*returned, case.args[0]] if arguments else returned
    rest = case.args[case.differentiable :]
    return with_gradients(lambda *leaves: function(*leaves, *rest, **case.kwargs), case.args[: case.differentiable])


@pytest.mark.parametrize(("row", "kind"), COMPARISONS, ids=name_of)
def test_a_kernel_equals_its_reference(row: Implementation, kind: Any) -> None:
    operation, kernel = registry.operations()[row.operation], registry.load(row)
    written = row.operation in {"matmul.add_mm", "cross_entropy.softmax_"}
    for seed in range(SEEDS):
        case = CASES[row.operation](Draw(seed), kind)
        got = results(kernel.function, copied(case), arguments=written)
        expected = results(operation.reference, copied(case), arguments=written)
        coarse = torch.bfloat16 in {x.dtype for x in (*got, *case.args) if isinstance(x, Tensor)}
        tolerance = 2e-2 if coarse else 2e-6
        for one, other in zip(got, expected, strict=True):
            assert one.dtype == other.dtype
            assert one.shape == other.shape
            torch.testing.assert_close(one, other, atol=tolerance * (1 + case.scale), rtol=10 * tolerance)


def test_every_operation_has_a_case_and_a_kernel() -> None:
    assert CASES.keys() == registry.operations().keys() == {row.operation for row in TABLE}


def test_bfloat16_groups_need_a_processor_that_multiplies_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for flags, expected in (({"avx512_bf16"}, True), ({"avx512_bf16", "amx_bf16"}, False), (set(), False)):
        monkeypatch.setattr("fathom.base.cpu.parse_cpuinfo", lambda _text, flags=flags: ("AMD", frozenset(flags)))
        assert CPP_BFLOAT16.is_available() is expected
