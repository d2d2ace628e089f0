"""Features of the processor, read without torch, which ``fathom doctor`` and the kernel build need before it is loaded.

Linux lists it in ``/proc/cpuinfo``, macOS through ``sysctl``. An unknown system reports no features, so that the
caller takes the portable path.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

INTERESTING = ("avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8", "asimd", "bf16", "i8mm")
"""Features that decide which kernel runs; the rest of the flags are noise in a report."""


@dataclass(frozen=True, slots=True)
class Cpu:
    """A processor: its name, its feature flags in Linux spelling, and the cores this process may use."""

    name: str
    flags: frozenset[str]
    cores: int

    @property
    def native_bfloat16(self) -> bool:
        """Whether it multiplies bfloat16 itself. Elsewhere bfloat16 is emulated and slower than float32."""
        return bool(self.flags & {"avx512_bf16", "amx_bf16", "bf16"})

    @property
    def features(self) -> tuple[str, ...]:
        """The flags worth reporting, in a fixed order."""
        return tuple(flag for flag in INTERESTING if flag in self.flags)


def detect(cpuinfo: Path = Path("/proc/cpuinfo")) -> Cpu:
    """The processor of this machine."""
    if cpuinfo.exists():
        name, flags = parse_cpuinfo(cpuinfo.read_text(encoding="utf-8", errors="replace"))
    elif sys.platform == "darwin":
        name, flags = _sysctl()
    else:
        name, flags = "", frozenset[str]()
    return Cpu(name or platform.processor() or platform.machine(), flags, usable_cores())


def parse_cpuinfo(text: str) -> tuple[str, frozenset[str]]:
    """Name and flags from the text of ``/proc/cpuinfo`` (x86 says *flags*, ARM says *Features*)."""
    name, flags = "", frozenset[str]()
    for line in text.splitlines():
        key, _, value = line.partition(":")
        match key.strip():
            case "model name" if not name:
                name = value.strip()
            case "flags" | "Features" if not flags:
                flags = frozenset(value.split())
    return name, flags


def usable_cores() -> int:
    """Cores this process may run on, which in a container is fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _sysctl() -> tuple[str, frozenset[str]]:
    def ask(key: str) -> str:
        answer = subprocess.run(["sysctl", "-n", key], capture_output=True, text=True, check=False)
        return answer.stdout.strip()

    names = {"hw.optional.arm.FEAT_BF16": "bf16", "hw.optional.arm.FEAT_I8MM": "i8mm", "hw.optional.AdvSIMD": "asimd"}
    return ask("machdep.cpu.brand_string"), frozenset(flag for key, flag in names.items() if ask(key) == "1")
