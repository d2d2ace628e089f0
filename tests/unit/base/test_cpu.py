from pathlib import Path

import pytest

from fathom.base import cpu

X86 = """\
processor\t: 0
vendor_id\t: AuthenticAMD
model name\t: AMD EPYC 9354
flags\t\t: fpu vme avx2 fma avx512f avx512_vnni avx512_bf16

processor\t: 1
model name\t: AMD EPYC 9354
flags\t\t: fpu
"""
ARM = "processor\t: 0\nFeatures\t: fp asimd bf16 i8mm\n"


def test_x86_flags_come_from_the_first_processor() -> None:
    name, flags = cpu.parse_cpuinfo(X86)
    assert name == "AMD EPYC 9354"
    assert cpu.Cpu(name, flags, 2).features == ("avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16")


def test_arm_calls_them_features() -> None:
    _, flags = cpu.parse_cpuinfo(ARM)
    assert cpu.Cpu("", flags, 1).features == ("asimd", "bf16", "i8mm")


@pytest.mark.parametrize(
    ("flags", "native"),
    [("avx512_bf16", True), ("amx_bf16", True), ("bf16", True), ("avx512f avx2", False), ("", False)],
)
def test_bfloat16_is_native_only_with_the_instructions(flags: str, native: bool) -> None:
    assert cpu.Cpu("", frozenset(flags.split()), 1).native_bfloat16 is native


def test_an_unknown_system_has_a_name_and_no_features(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "plan9")
    found = cpu.detect(tmp_path / "missing")
    assert found.name
    assert found.features == ()
    assert found.cores >= 1


def test_detect_reads_the_file(tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text(X86)
    assert cpu.detect(tmp_path / "cpuinfo").native_bfloat16
