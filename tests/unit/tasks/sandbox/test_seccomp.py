"""The seccomp filter, run by an interpreter in the test on the calls of both architectures."""

import re
import struct
from pathlib import Path

import pytest

from fathom.tasks.sandbox.seccomp import _MACHINES, program

ALLOWED, EPERM, ENOSYS, KILLED = 0x7FFF0000, 0x50001, 0x50026, 0x80000000


def verdict(code: bytes, architecture: int, number: int, first: int = 0, second: int = 0) -> int:
    """What the kernel would do with one call."""
    data = struct.pack("<iIQQQ", number, architecture, 0, first, second)
    at = held = 0
    while True:
        kind, true, false, operand = struct.unpack_from("=HBBI", code, 8 * at)
        at += 1
        if kind == 0x20:
            held = struct.unpack_from("<I", data, operand)[0]
        elif kind == 0x06:
            return int(operand)
        else:
            at += true if (held == operand if kind == 0x15 else held >= operand) else false


@pytest.mark.parametrize("name", sorted(_MACHINES))
def test_denied_and_allowed_calls(name: str) -> None:
    machine = _MACHINES[name]
    code = program(machine)
    for number in range(600):
        found = verdict(code, machine.audit, number)
        if number in machine.refused:
            assert found == EPERM
        elif number == 435:
            assert found == ENOSYS
        else:
            assert found == ALLOWED, number


@pytest.mark.parametrize("name", sorted(_MACHINES))
def test_arguments_that_matter(name: str) -> None:
    machine = _MACHINES[name]
    code = program(machine)
    assert verdict(code, machine.audit, machine.prlimit64, first=0) == ALLOWED
    assert verdict(code, machine.audit, machine.prlimit64, first=4321) == EPERM
    assert [verdict(code, machine.audit, machine.fcntl, second=n) for n in (1, 8, 9, 10, 15, 1030)] == [
        ALLOWED, EPERM, ALLOWED, EPERM, EPERM, ALLOWED
    ]  # fmt: skip


def test_calls_of_another_architecture_are_denied() -> None:
    code = program(_MACHINES["x86_64"])
    assert verdict(code, 0x40000003, 1) == KILLED  # 32-bit calls of the same processor
    assert verdict(code, _MACHINES["x86_64"].audit, 0x40000000 + 41) == ENOSYS  # x32


@pytest.mark.parametrize(
    ("name", "header"),
    [("x86_64", "x86_64-linux-gnu/asm/unistd_64.h"), ("aarch64", "asm-generic/unistd.h")],
)
def test_the_numbers_are_those_of_the_system_s_headers(name: str, header: str) -> None:
    path = Path("/usr/include") / header
    if not path.exists():
        pytest.skip(f"no {path} here")
    numbers = {m[1]: int(m[2]) for m in re.finditer(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", path.read_text())}
    names = {number: name for name, number in numbers.items()}
    refused = {names.get(number, str(number)) for number in _MACHINES[name].refused}
    wanted = {
        "socket",
        "clone",
        "kill",
        "tgkill",
        "ptrace",
        "mount",
        "setsid",
        "fchmodat",
        "utimensat",
        "setxattr",
        "bpf",
    }
    assert wanted <= refused
    assert not {"read", "write", "openat", "mmap", "execve", "exit_group", "futex"} & refused
    assert (numbers["prlimit64"], numbers["fcntl"]) == (_MACHINES[name].prlimit64, _MACHINES[name].fcntl)
