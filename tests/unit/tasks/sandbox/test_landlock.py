"""Landlock: files outside the readable folders are denied, and all writing."""

import subprocess
import sys
from pathlib import Path

import pytest

import fathom
from fathom.tasks.sandbox import landlock
from fathom.tasks.sandbox.sandbox import available_layers

SOURCE = str(Path(fathom.__file__).parents[1])


def confined(readable: list[str], program: str) -> str:
    """What ``program`` prints in a process that may read only ``readable``."""
    code = (
        f"import sys; sys.path.insert(0, {SOURCE!r}); from fathom.tasks.sandbox import landlock; "
        f"print(landlock.restrict({readable!r})); {program}"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    return done.stdout + done.stderr.rpartition("\n  ")[2]


def test_only_the_given_folders_are_readable(tmp_path: Path) -> None:
    if "files" not in available_layers():
        pytest.skip("this kernel has no Landlock")
    (tmp_path / "open").mkdir()
    (tmp_path / "open" / "a").write_text("yes")
    (tmp_path / "b").write_text("no")
    readable = [str(tmp_path / "open"), str(tmp_path / "missing")]
    assert confined(readable, f"print(open({str(tmp_path / 'open' / 'a')!r}).read())") == "True\nyes\n"
    assert "Permission" in confined(readable, f"open({str(tmp_path / 'b')!r})")
    assert "Permission" in confined(readable, f"open({str(tmp_path / 'open' / 'c')!r}, 'w')")
    assert "Permission" in confined(readable, "open('/proc/self/environ')")
    assert confined(readable, "open('/dev/null', 'w').write('x')") == "True\n"


def test_other_systems_have_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not landlock.restrict(["/usr"])


def test_a_writable_folder_takes_regular_files_alone(tmp_path: Path) -> None:
    if "files" not in available_layers():
        pytest.skip("this kernel has no Landlock")
    own = tmp_path / "own"
    own.mkdir()
    program = (
        f"import os; os.chdir({str(own)!r}); open('a', 'w').write('x'); open('a', 'w').write('yes'); os.mkdir('d'); "
        "open('d/b', 'w').close(); os.remove('d/b'); os.rmdir('d'); print(open('a').read(), os.listdir('.'))"
    )
    code = (
        f"import sys; sys.path.insert(0, {SOURCE!r}); from fathom.tasks.sandbox import landlock; "
        f"landlock.restrict(['/usr'], writable=[{str(own)!r}]); "
    )

    def run(program: str) -> str:
        command = [sys.executable, "-c", code + program]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        return done.stdout + done.stderr

    assert run(program) == "yes ['a']\n"
    assert "Permission" in run(f"import os; os.symlink('/etc/passwd', {str(own / 'link')!r})")
    assert "Permission" in run(f"open({str(tmp_path / 'b')!r}, 'w')")
