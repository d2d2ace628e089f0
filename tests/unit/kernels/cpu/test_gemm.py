"""The register tile of gemm.h at the edges of its sizes, beside the same product in float64."""

from __future__ import annotations

import ctypes
import subprocess
from pathlib import Path

import pytest
import torch
from torch import Tensor

from fathom.kernels.cpu import library

HERE = Path(__file__).parent
FLAGS = {"native": "-march=native", "baseline": ""}
"""What the tile's sizes depend on: registers of this processor, and of the oldest that the compiler aims at."""


@pytest.fixture(scope="module", params=FLAGS)
def probe(request, kernels, tmp_path_factory) -> ctypes.CDLL:
    """gemm.h alone, compiled as the library is."""
    compiler = library.find_compiler()
    target = tmp_path_factory.mktemp("gemm") / f"{request.param}.so"
    include = f"-I{Path(library.__file__).parent}"
    flags = [flag for flag in (*library.BASE_FLAGS, FLAGS[request.param], include) if flag != "-fvisibility=hidden"]
    subprocess.run([compiler, *filter(None, flags), "-o", target, HERE / "gemm_probe.cpp"], check=True)
    lib = ctypes.CDLL(str(target))
    lib.tile_rows.restype = lib.lanes.restype = ctypes.c_int64
    return lib


def edges(size: int, *multiples: int) -> list[int]:
    """The multiples of a size, and their neighbours."""
    return sorted(
        {n for multiple in multiples for n in (size * multiple - 1, size * multiple, size * multiple + 1)} - {0}
    )


def pointer(x: Tensor) -> ctypes.c_void_p:
    return ctypes.c_void_p(x.data_ptr())


def panels(probe: ctypes.CDLL, weight: Tensor) -> Tensor:
    rows, columns = weight.shape
    out = torch.full((-(-rows // probe.lanes()) * probe.lanes() * columns,), float("nan"))
    probe.fill_panels(pointer(weight), ctypes.c_int64(rows), ctypes.c_int64(columns), pointer(out))
    return out


def multiply(probe: ctypes.CDLL, x: Tensor, weight: Tensor, y: Tensor, *, add: bool) -> None:
    sizes = [ctypes.c_int64(n) for n in (x.stride(0), len(x))]
    rest = [ctypes.c_int64(n) for n in weight.shape]
    ldy = ctypes.c_int64(y.stride(0))
    held = panels(probe, weight)
    probe.multiply_panels(pointer(x), *sizes, pointer(held), *rest, pointer(y), ldy, int(add))


@pytest.mark.parametrize("add", [False, True])
def test_products_of_panels_at_the_edges_of_tiles(probe, add):
    lanes, height = probe.lanes(), probe.tile_rows()
    generator = torch.Generator().manual_seed(0)
    for k in (1, 2, 79, 80, 81, 321):  # 80: one panel of 20 KiB holds four vectors of outputs up to here
        for n in edges(lanes, 1, 2, 4, 5):
            weight = torch.randn(n, k, generator=generator)
            for m in (1, *edges(height, 1, 2)):
                x = torch.randn(m, k + 3, generator=generator)[:, :k]
                wide = -(-n // lanes) * lanes
                y = torch.randn(m, wide + lanes, generator=generator)
                before = y.clone()
                multiply(probe, x, weight, y, add=add)
                exact = x.double() @ weight.double().t() + (before[:, :n].double() if add else 0)
                torch.testing.assert_close(y[:, :n].double(), exact, atol=2e-6 * k, rtol=1e-5)
                assert torch.equal(y[:, n:wide], before[:, n:wide] if add else torch.zeros(m, wide - n))
                assert torch.equal(y[:, wide:], before[:, wide:])  # nothing was written beside the result


def test_a_row_is_the_same_in_a_tile_of_any_height(probe):
    height = probe.tile_rows()
    generator = torch.Generator().manual_seed(1)
    x, weight = torch.randn(2 * height, 100, generator=generator), torch.randn(70, 100, generator=generator)
    whole = torch.empty(2 * height, 80)
    multiply(probe, x, weight, whole, add=False)
    for m in range(1, 2 * height):
        part = torch.empty(m, 80)
        multiply(probe, x[:m], weight, part, add=False)
        assert torch.equal(part, whole[:m]), m


def test_four_dot_products_at_once(probe):
    generator = torch.Generator().manual_seed(2)
    for k in range(probe.lanes(), 9 * probe.lanes(), probe.lanes()):
        x, y, out = torch.randn(k, generator=generator), torch.randn(4, k, generator=generator), torch.empty(4)
        probe.dot_four(pointer(x), pointer(y), ctypes.c_int64(k), pointer(out))
        torch.testing.assert_close(out.double(), y.double() @ x.double(), atol=2e-6 * k, rtol=1e-5)
