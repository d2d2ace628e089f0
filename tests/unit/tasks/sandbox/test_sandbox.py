"""The sandbox: how programs end, and what of their output is returned."""

import pytest

from fathom.tasks.sandbox import sandbox
from fathom.tasks.sandbox.sandbox import Jail, Limits, Sandbox, SandboxError, available_layers

LIMITS = Limits(wall_seconds=5.0, cpu_seconds=2, output_bytes=1000)


@pytest.fixture(scope="module")
def box() -> Sandbox:
    return Sandbox(LIMITS, layers=tuple(sorted(available_layers())))


def test_a_program_that_ends(box: Sandbox) -> None:
    done = box.run("import sys\nprint(input()[::-1])\nprint('!', file=sys.stderr)", "abc\n")
    assert (done.status, done.exit_status, done.stdout, done.stderr) == ("finished", 0, "cba\n", "!\n")


@pytest.mark.parametrize(
    ("program", "status"),
    [
        ("raise SystemExit(3)", "failed"),
        ("1 / 0", "failed"),
        ("bytearray(2**40)", "failed"),
        ("print('x' * 5000)", "output"),
    ],
)
def test_programs_that_fail(box: Sandbox, program: str, status: str) -> None:
    done = box.run(program)
    assert done.status == status
    assert len(done.stdout) <= LIMITS.output_bytes


def test_a_program_that_does_not_end() -> None:
    box = Sandbox(Limits(wall_seconds=0.5), layers=())
    assert box.run("import time\nprint(1, flush=True)\ntime.sleep(60)").status == "time"


def test_lone_surrogates_become_question_marks(box: Sandbox) -> None:
    assert box.run("print(input())", "a\ud800b").stdout == "a?b\n"


def test_a_jail_ends_with_its_folder(box: Sandbox) -> None:
    with Jail(box) as jail:
        path = jail.write("a.txt", "x")
        assert path.read_text() == "x"
    assert not jail.folder.exists()


def test_missing_layers_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "available_layers", frozenset)
    with pytest.raises(SandboxError, match="cannot confine programs fully: no calls and no files"):
        Sandbox()
    assert Sandbox(layers=()).layers == ()
