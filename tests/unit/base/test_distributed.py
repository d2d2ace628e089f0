"""Two processes make the updates of one, in every stage, and one resumes where two stopped."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import one_of_two
import pytest
import torch
from ranked_runs import TOTAL, begun, finish, gradients, reinforced, whole
from safetensors.torch import load_file

from fathom.base.distributed import ALONE, World, process_group
from fathom.base.errors import ConfigError
from fathom.checkpoint.store.store import Store
from fathom.train.run.metrics import read


@dataclass(frozen=True, slots=True)
class Compared:
    """Where one process and two left the same things."""

    one: Path
    two: Path
    codes: tuple[int, int]


def start(rank: int, place: Path, port: int) -> subprocess.Popen[str]:
    found = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": 2, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    env = os.environ | {name: str(value) for name, value in found.items()}
    env |= {"PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, one_of_two.__file__, str(place)]
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Compared:
    one, two = tmp_path_factory.mktemp("one"), tmp_path_factory.mktemp("two")
    begun(two / "begun-alone", ALONE)
    port = free_port()
    processes = [start(rank, two, port) for rank in range(2)]
    gradients(one / "gradients", ALONE)
    whole(one / "whole", ALONE)
    reinforced(one / "reinforced", ALONE)
    outputs = [process.communicate(timeout=240)[0] for process in processes]
    assert (two / "left-alone").exists(), "\n".join(outputs)
    finish(two / "begun-by-two", ALONE)
    return Compared(one, two, (processes[0].returncode, processes[1].returncode))


def close(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor], **bounds: float) -> None:
    assert one.keys() == other.keys()
    for name, tensor in one.items():
        torch.testing.assert_close(other[name], tensor, **bounds, msg=lambda text, name=name: f"{name}: {text}")


def train_lines(out: Path) -> list[dict[str, Any]]:
    return [line for line in read(out) if line["kind"] == "train"]


def test_the_gradient_is_the_same(compared: Compared) -> None:
    one = torch.load(compared.one / "gradients/0.pt")
    two = [torch.load(compared.two / f"gradients/{rank}.pt") for rank in range(2)]
    close(one, two[0], atol=1e-6, rtol=1e-4)
    close(two[0], two[1], atol=0, rtol=0)


def test_a_whole_run_leaves_the_same_model(compared: Compared) -> None:
    one, two = (load_file(out / "whole/final/model.safetensors") for out in (compared.one, compared.two))
    close(one, two, atol=2e-6, rtol=1e-4)


def test_what_is_measured_is_the_same_and_loads_exactly(compared: Compared) -> None:
    one, two = (read(out / "whole") for out in (compared.one, compared.two))
    assert len(one) == len(two) == TOTAL + 1  # one line an update, and the validation
    for mine, theirs in zip(one, two, strict=True):
        assert mine.keys() == theirs.keys()
        for key in mine.keys() - {"seconds", "tokens_per_second"}:
            if key in {"loads", "dead_experts", "step", "rows", "tokens", "counted", "kind", "max_violation"}:
                assert mine[key] == theirs[key], key
            else:
                assert mine[key] == pytest.approx(theirs[key], rel=1e-5, abs=1e-7), key
    assert [line["rows"] for line in train_lines(compared.two / "whole")] == [3, 3, 3, 4, 4, 4]


def test_run_json_says_how_many(compared: Compared) -> None:
    one, two = (json.loads((out / "whole/run.json").read_text()) for out in (compared.one, compared.two))
    assert (one["ranks"], two["ranks"]) == (1, 2)


@pytest.mark.parametrize("which", ["begun-by-two", "begun-alone"])
def test_another_number_of_ranks_resumes(compared: Compared, which: str) -> None:
    straight = load_file(compared.one / "whole/final/model.safetensors")
    close(straight, load_file(compared.two / which / "final/model.safetensors"), atol=2e-6, rtol=1e-4)
    assert [line["step"] for line in train_lines(compared.two / which)] == [1, 2, 3, 4, 5, 6]
    saved = Store(compared.two / which).latest()
    assert saved is not None
    assert saved.step == TOTAL


def test_reinforcement_learning_is_the_same(compared: Compared) -> None:
    one = torch.load(compared.one / "reinforced/0.pt")
    two = [torch.load(compared.two / f"reinforced/{rank}.pt") for rank in range(2)]
    close(one, two[0], atol=2e-6, rtol=1e-4)
    close(two[0], two[1], atol=0, rtol=0)
    lines = [json.loads((out / "reinforced/lines.json").read_text()) for out in (compared.one, compared.two)]
    assert max(line["ratio_max"] for line in lines[0]) > 1
    for mine, theirs in zip(*lines, strict=True):
        assert mine.keys() == theirs.keys()
        for key in mine.keys() - {"sampling_seconds", "update_seconds", "loads", "engine_gap"}:
            assert mine[key] == pytest.approx(theirs[key], rel=1e-4, abs=1e-6), key
        assert mine["loads"] == theirs["loads"]


def test_only_rank_0_writes_and_both_report_differences(compared: Compared) -> None:
    said = "the number is 0 on rank 0 and 1 on rank 1; give every rank the same command"
    assert all(said in (compared.two / f"disagreed-{rank}").read_text() for rank in range(2))
    assert not list(compared.two.rglob("*partial*"))


def test_a_rank_that_dies_ends_the_run_with_an_error(compared: Compared) -> None:
    assert compared.codes == (0, 9)
    said = (compared.two / "left-alone").read_text()
    assert said.startswith("rank 0 of 2: another rank no longer answers (")
    assert said.endswith("the same command resumes from the last checkpoint")


def test_shares_partition_the_items() -> None:
    for size in range(1, 6):
        for count in range(12):
            shares = [World(rank, size).share(count) for rank in range(size)]
            assert [place for share in shares for place in share] == list(range(count))
            assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_alone_nothing_is_exchanged() -> None:
    with process_group({}) as world:
        assert world is ALONE
    tensor = torch.ones(2, requires_grad=True)
    tensor.grad = torch.ones(2)
    ALONE.sum_gradients([tensor])
    assert tensor.grad.tolist() == [1.0, 1.0]
    assert ALONE.sums([1.5]) == [1.5]
    assert ALONE.gather("x") == ["x"]
    assert ALONE.any(True)
    ALONE.check_equal("x", 1)


def test_ranks_do_not_share_a_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    with pytest.raises(ConfigError, match="4 ranks cannot share cuda:1; set device=cuda"):
        World(1, 4, 1).device("cuda:1")
    with pytest.raises(ConfigError, match="there are 2 CUDA devices, and rank 3 is number 3 here"):
        World(3, 4, 3).device("cuda")
    assert World(1, 4, 1).device("cpu") == torch.device("cpu")
