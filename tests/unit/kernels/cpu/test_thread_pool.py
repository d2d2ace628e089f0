"""The thread pool: results do not depend on the number of helpers or of callers."""

from __future__ import annotations

import threading

import pytest
import torch

from fathom.kernels import matmul
from fathom.kernels.formats.matrix import dense, quantize

pytestmark = pytest.mark.usefixtures("kernels")


@pytest.fixture
def threads():
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


@pytest.mark.parametrize("rows", [1, 3, 70])
def test_results_do_not_depend_on_the_number_of_threads(threads, rows):
    torch.manual_seed(0)
    matrix, x = quantize(torch.randn(200, 96), "q4_1"), torch.randn(rows, 96)
    results = []
    for count in (1, 2, 7):
        threads(count)
        results += [matmul.quantized_linear(x, matrix) for _ in range(50)]
    assert all(torch.equal(result, results[0]) for result in results)


def test_callers_on_several_threads_get_their_own_results(threads):
    threads(3)
    torch.manual_seed(0)
    matrices = [dense(torch.randn(300, 64)) for _ in range(4)]
    x = torch.randn(5, 64)
    expected = [matmul.quantized_linear(x, matrix) for matrix in matrices]
    wrong: list[int] = []

    def work(index: int) -> None:
        for _ in range(200):
            if not torch.equal(matmul.quantized_linear(x, matrices[index]), expected[index]):
                wrong.append(index)

    callers = [threading.Thread(target=work, args=(index,)) for index in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert not wrong
