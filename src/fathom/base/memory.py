"""Memory of the machine and of this process, and the allocator's settings, without psutil."""

from __future__ import annotations

import ctypes
import os
from dataclasses import dataclass
from pathlib import Path

_M_ARENA_MAX, _M_MMAP_THRESHOLD, _M_TRIM_THRESHOLD = -8, -3, -1
"""glibc's numbers of the options, from malloc.h."""

_LARGE, _NEVER = 1 << 30, -1
"""Bytes below which an allocation comes from the heap; and that the heap's free end is never given back."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes of the whole machine; ``available`` is what a new program can have without swapping (0: unknown)."""

    total: int
    available: int


def detect(meminfo: Path = Path("/proc/meminfo")) -> Memory:
    """The memory of this machine; on systems without ``/proc`` only the total is known."""
    if meminfo.exists():
        return parse_meminfo(meminfo.read_text(encoding="utf-8"))
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        return Memory(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"), 0)
    return Memory(0, 0)


def parse_meminfo(text: str) -> Memory:
    """From the text of ``/proc/meminfo``, whose unit is KiB."""
    fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)

    def bytes_of(name: str) -> int:
        return int(fields[name].split()[0]) * 1024 if name in fields else 0

    return Memory(bytes_of("MemTotal"), bytes_of("MemAvailable"))


def resident(status: Path = Path("/proc/self/status")) -> int:
    """Bytes of memory that this process holds now; 0 where the system does not tell."""
    if not status.exists():
        return 0
    for line in status.read_text(encoding="utf-8").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0


def share_one_heap() -> bool:
    """Let all threads allocate from one heap, where the C library has several (glibc); whether it will.

    A heap of its own for each thread avoids waiting, and keeps what was freed in one from the others: loading in one
    thread and computing in another then takes the memory of both. Affects threads that have not allocated yet.
    """
    try:
        return bool(ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1))
    except (OSError, AttributeError, TypeError):
        return False


def trim_heap() -> None:
    """Return freed memory to the system, where the C library can (glibc).

    Loading a model frees about as much as it keeps.
    """
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError, TypeError):  # another C library, or a system that cannot open the process itself
        return
    trim(ctypes.c_size_t(0))


def keep_freed() -> bool:
    """Keep freed memory for the next allocation, where the C library can be asked to (glibc); whether it will.

    A training step frees and allocates the same large tensors again and again. By default each goes back to the system
    and comes again page by page, zeroed.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):
        return False
    return bool(mallopt(_M_MMAP_THRESHOLD, _LARGE) and mallopt(_M_TRIM_THRESHOLD, _NEVER))
