"""The sandbox: how programs end, and what of their output is returned."""

import subprocess

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


def test_killing_a_program_leaves_its_pipes_to_the_thread_that_reads_them() -> None:
    """A pipe closed under a reader never reports its end, and its descriptor may be another file's."""
    box = Sandbox(Limits(wall_seconds=60), layers=())
    with Jail(box) as jail:
        start = jail.write("start.py", "import time\nprint(1, flush=True)\ntime.sleep(60)")
        process = jail.start(start, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        jail.kill()
        pipes = [process.stdout, process.stderr]
        assert [pipe.closed for pipe in pipes] == [False, False]
        assert jail.watch(process).status == "failed"
    assert [pipe.closed for pipe in pipes] == [True, True]


def test_missing_layers_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "available_layers", frozenset)
    with pytest.raises(SandboxError, match="cannot confine programs fully: no calls and no files"):
        Sandbox()
    assert Sandbox(layers=()).layers == ()


class TestFiles:
    """A program that may make files gets a folder for them."""

    def test_files_are_made_and_are_there_afterwards(self) -> None:
        sandbox = Sandbox(Limits(file_bytes=2**20))
        with Jail(sandbox) as jail:
            (jail.files / "in.txt").write_text("given")
            path = jail.write("program.py", "open('out.txt', 'w').write(open('in.txt').read() + ' back')")
            process = jail.start(path, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            result = jail.watch(process)
            assert result.status == "finished", result.stderr
            assert (jail.files / "out.txt").read_text() == "given back"

    @pytest.mark.parametrize(
        "program",
        [
            "open('large', 'wb').write(bytes(2**21))",
            "import time\nfor n in range(100000):\n    open(str(n), 'w').write('x' * 1000)\ntime.sleep(30)",
            "import os\nos.close(1), os.close(2)\nfor n in range(10**9):\n    open(str(n), 'w').write('x' * 1000)",
        ],
        ids=["one", "many", "many and silent"],
    )
    def test_no_more_than_the_limit(self, program: str) -> None:
        sandbox = Sandbox(Limits(file_bytes=2**20, wall_seconds=60, cpu_seconds=30))
        with Jail(sandbox) as jail:
            path = jail.write("program.py", program)
            process = jail.start(path, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            result = jail.watch(process)
            assert result.status in ("output", "failed")
            assert sum(file.stat().st_size for file in jail.files.iterdir()) < 2**24
