import ctypes
import os
import platform
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from fathom.base import memory


def test_meminfo_counts_in_kibibytes() -> None:
    text = "MemTotal:       16384 kB\nMemFree:   1024 kB\nMemAvailable:    8192 kB\n"
    assert memory.parse_meminfo(text) == memory.Memory(total=16_777_216, available=8_388_608)


def test_an_old_kernel_reports_no_available_memory() -> None:
    assert memory.parse_meminfo("MemTotal: 1 kB\n") == memory.Memory(total=1024, available=0)


def test_resident_reads_the_status_file(tmp_path: Path) -> None:
    status = tmp_path / "status"
    status.write_text("Name:\tpython\nVmPeak:\t  9 kB\nVmRSS:\t   100 kB\n")
    assert memory.resident(status) == 102_400
    assert memory.resident(tmp_path / "missing") == 0


def test_this_machine_has_memory() -> None:
    assert memory.detect().total > 0


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_threads_can_share_one_heap() -> None:
    program = "from fathom.base.memory import share_one_heap; print(share_one_heap())"
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="another C library than glibc")
def test_freed_memory_can_be_kept() -> None:
    """In a process of its own: 64 MB freed are still resident."""
    program = (
        "import ctypes; from fathom.base import memory; assert memory.keep_freed(); libc = ctypes.CDLL(None)\n"
        "libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]\n"
        "block = libc.malloc(1 << 26); ctypes.memset(block, 1, 1 << 26); before = memory.resident(); libc.free(block)\n"
        "print(before - memory.resident() < 1 << 24)"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="another C library than glibc")
def test_memory_freed_by_a_thread_is_returned() -> None:
    """64 MB in pieces, freed but for the last, which keeps the allocator from shrinking by itself."""
    libc = ctypes.CDLL(None)
    libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
    kept: list[int] = []

    def load() -> None:
        pieces = [libc.malloc(1 << 16) for _ in range(1024)]
        for piece in pieces:
            ctypes.memset(piece, 1, 1 << 16)
        kept.append(pieces.pop())
        for piece in pieces:
            libc.free(piece)

    thread = threading.Thread(target=load)
    thread.start()
    thread.join()
    before = memory.resident()

    memory.trim_heap()

    assert before - memory.resident() > 48 << 20
    libc.free(kept[0])
