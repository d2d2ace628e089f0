"""Training on a CUDA device beside the CPU, and the benchmark of it at a size that the CPU can run."""

from __future__ import annotations

import sys

import pytest
import torch
from torch import Tensor

from benchmarks import gpu_training
from fathom.model.token_dispatch import TokenDispatch, grouped_linear
from fathom.model.transformer import Transformer
from fathom.optim.config import OptimConfig
from fathom.optim.optimizers import build_optimizers
from fathom.train.supervised.losses import losses

needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
TINY = {"width": 64, "layers": 2}


def trained(device: str, steps: int, state: dict | None = None) -> tuple[list[float], dict]:
    """The losses of a few updates in float32, and all that a resume needs."""
    torch.manual_seed(0)
    model = Transformer(gpu_training.model_config(128, **TINY)).to(device)
    optimizers = build_optimizers(model, OptimConfig())
    if state is not None:
        model.load_state_dict(state["model"])
        optimizers.load_state_dict(state["optimizers"])
    batch = gpu_training.random_batch(2, 32, 128).to(device)
    found = []
    for _ in range(steps):
        optimizers.zero_grad()
        sums = losses(model, batch, mtp=False)
        (sums.main / sums.count).backward()
        optimizers.step()
        found.append(float(sums.main.detach()) / sums.count)
    return found, {"model": model.state_dict(), "optimizers": optimizers.state_dict()}


@pytest.mark.gpu
@needs_gpu
def test_updates_are_those_of_the_cpu() -> None:
    assert trained("cuda", 4)[0] == pytest.approx(trained("cpu", 4)[0], abs=1e-3)


@pytest.mark.gpu
@needs_gpu
def test_a_stopped_run_resumes() -> None:
    whole, _ = trained("cuda", 4)
    first, state = trained("cuda", 2)
    rest, _ = trained("cuda", 2, state)
    assert first + rest == pytest.approx(whole, abs=1e-4)


@pytest.mark.gpu
@needs_gpu
def test_experts_multiply_alike_on_the_device() -> None:
    torch.manual_seed(0)
    experts = torch.randint(3, (20, 2))  # the fourth is idle
    rows, weights = torch.randn(40, 64).bfloat16(), torch.randn(4, 32, 64).bfloat16()

    def products(device: str) -> list[Tensor]:
        one, other = (x.to(device, copy=True).requires_grad_() for x in (rows, weights))
        out = grouped_linear(one, TokenDispatch(experts.to(device), 4), other)
        return [x.cpu() for x in (out, *torch.autograd.grad(out.float().square().sum(), (one, other)))]

    for found, wanted in zip(products("cuda"), products("cpu"), strict=True):
        torch.testing.assert_close(found, wanted, rtol=5e-2, atol=5e-1)


def test_without_a_device_the_benchmark_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(sys, "argv", ["gpu_training"])
    with pytest.raises(SystemExit, match="no CUDA device on this machine; nothing was measured"):
        gpu_training.main()


def test_the_benchmark_runs_on_the_cpu() -> None:
    sizes = "--rows 2 --length 16 --width 64 --layers 2 --vocab 128 --prompts 2 --group 2 --completion 8 --repeats 1"
    tiny = gpu_training.parser().parse_args(["--device", "cpu", *sizes.split()])
    cpu = torch.device("cpu")
    pretraining = gpu_training.pretraining(tiny, cpu, peak=1e9)
    assert pretraining["tokens_per_s"] > 0
    assert pretraining["utilization"] > 0
    assert pretraining["peak_memory_bytes"] is None
    assert gpu_training.grpo(tiny, cpu)["generated_tokens_per_s"] > 0


def test_the_default_size_is_between_100_and_300_million() -> None:
    config = gpu_training.model_config(32768)
    with torch.device("meta"):
        size = sum(parameter.numel() for parameter in Transformer(config).parameters())
    assert 100e6 < size < 300e6
