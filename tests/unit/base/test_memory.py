from pathlib import Path

from fathom.base import memory


def test_meminfo_counts_in_kibibytes() -> None:
    text = "MemTotal:       16384 kB\nMemFree:   1024 kB\nMemAvailable:    8192 kB\n"
    assert memory.parse_meminfo(text) == memory.Memory(total=16_777_216, available=8_388_608)


def test_an_old_kernel_does_not_tell_what_is_available() -> None:
    assert memory.parse_meminfo("MemTotal: 1 kB\n") == memory.Memory(total=1024, available=0)


def test_resident_reads_the_status_file(tmp_path: Path) -> None:
    status = tmp_path / "status"
    status.write_text("Name:\tpython\nVmPeak:\t  9 kB\nVmRSS:\t   100 kB\n")
    assert memory.resident(status) == 102_400
    assert memory.resident(tmp_path / "missing") == 0


def test_this_machine_has_memory() -> None:
    assert memory.detect().total > 0
