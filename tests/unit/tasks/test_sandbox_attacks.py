"""Programs that try to escape the sandbox, harm the machine, or never end: all fail, and the caller continues."""

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from fathom.tasks.sandbox import sandbox
from fathom.tasks.sandbox.sandbox import Limits, Sandbox, SandboxError

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the layers are Linux's")

TIGHT = Limits(wall_seconds=60, cpu_seconds=2, memory_bytes=256 * 2**20, output_bytes=10_000)
BRIEF = replace(TIGHT, wall_seconds=0.5)


@pytest.fixture(scope="module")
def box() -> Sandbox:
    if sandbox.available_layers() != set(sandbox.LAYERS):
        pytest.skip(f"this kernel has only {sorted(sandbox.available_layers())}")
    return Sandbox(TIGHT)


def test_a_normal_program(box: Sandbox) -> None:
    done = box.run(
        "import sys, math, json, collections\nprint(sum(map(int, sys.stdin.read().split())), '−')", "1 2 3\n"
    )
    assert (done.status, done.exit_status, done.stdout, done.stderr) == ("finished", 0, "6 −\n", "")


def test_an_error_is_its_own(box: Sandbox) -> None:
    done = box.run("1 / 0")
    assert (done.status, done.exit_status, done.stdout) == ("failed", 1, "")
    assert done.stderr.endswith("ZeroDivisionError: division by zero\n")
    assert box.run("def broken(:").status == "failed"
    assert box.run("import sys; sys.exit(3)").exit_status == 3


def test_standard_input_is_empty_unless_given(box: Sandbox) -> None:
    assert box.run("import sys; print(repr(sys.stdin.read()))").stdout == "''\n"


@pytest.mark.parametrize(
    "program",
    [
        "while True: pass",
        "import time; time.sleep(60)",
        "import signal; signal.pause()",
        "import os, time; os.close(1); os.close(2); time.sleep(60)",
        "import signal\nfor n in set(range(1, 32)) - {9, 19}: signal.signal(n, signal.SIG_IGN)\nwhile True: pass",
    ],
)
def test_an_endless_program_is_ended(box: Sandbox, program: str) -> None:
    done = Sandbox(BRIEF, box.layers).run(program)
    assert (done.status, done.exit_status) == ("time", -9)


def test_processor_time_is_bounded(box: Sandbox) -> None:
    done = box.run("while True: pass")
    assert (done.status, done.exit_status) == ("failed", -9)


def test_memory_is_bounded(box: Sandbox) -> None:
    done = box.run("x = bytearray(10**9); print('got it')")
    assert (done.status, done.stdout) == ("failed", "")
    assert "MemoryError" in done.stderr
    assert box.run("x = []\nwhile True: x.append(x[:] + [0] * 10**6)").status == "failed"


def test_output_is_bounded(box: Sandbox) -> None:
    done = box.run("while True: print('x' * 1000)")
    assert done.status == "output"
    assert len(done.stdout) == 10_000
    assert box.run("import sys\nwhile True: sys.stderr.write('x' * 1000)").status == "output"


def raises(box: Sandbox, code: str) -> str:
    """The name of the exception that a line of code meets; 'nothing' where it goes through."""
    lines = "\n    ".join(code.splitlines())
    tail = "print('nothing')\nexcept BaseException as error:\n    print(type(error).__name__)"
    done = box.run(f"import os, sys\ntry:\n    {lines}\n    {tail}")
    return done.stdout.strip() or done.status


@pytest.mark.parametrize(
    "code",
    [
        "os.fork()",
        "while True: os.fork()",
        "import subprocess; subprocess.run(['/bin/true'])",
        "import subprocess; subprocess.Popen(['/bin/sh', '-c', 'sleep 60'], start_new_session=True)",
        "os.posix_spawn('/bin/true', ['true'], {})",
        "import _thread; _thread.start_new_thread(print, ())",
        "import multiprocessing; multiprocessing.Process(target=print).start()",
    ],
)
def test_no_process_and_no_thread(box: Sandbox, code: str) -> None:
    assert raises(box, code) in {"PermissionError", "RuntimeError", "BlockingIOError"}


@pytest.mark.parametrize(
    "code",
    [
        "os.kill(os.getppid(), 9)",
        "os.kill(-1, 9)",
        "os.killpg(os.getpgid(os.getppid()), 9)",
        "import signal; signal.pidfd_send_signal(os.pidfd_open(os.getppid()), 9)",
        "import resource; resource.prlimit(os.getppid(), resource.RLIMIT_CPU, (1, 1))",
        "import fcntl; fcntl.fcntl(0, 8, os.getppid())",
        "import fcntl; fcntl.fcntl(0, 10, 9)",
        "os.setsid()",
        "os.setpriority(os.PRIO_PROCESS, os.getppid(), 19)",
        "os.sched_setaffinity(os.getppid(), {0})",
    ],
)
def test_other_processes_are_out_of_reach(box: Sandbox, code: str) -> None:
    assert raises(box, code) == "PermissionError"


@pytest.mark.parametrize(
    "code",
    [
        "import socket; socket.socket()",
        "import socket; socket.socketpair()",
        "import socket; socket.create_connection(('127.0.0.1', 80))",
        "import socket; socket.socket(socket.AF_UNIX)",
        "import urllib.request as u; u.urlopen('http://127.0.0.1:1')",
    ],
)
def test_no_network(box: Sandbox, code: str) -> None:
    assert raises(box, code) in {"PermissionError", "URLError", "OSError", "gaierror"}


def test_it_reads_nothing_that_is_not_its_own(box: Sandbox, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hush")
    parent = f"/proc/{os.getpid()}"
    for path in (str(secret), "/etc/passwd", "/proc/self/environ", f"{parent}/environ", f"{parent}/mem"):
        assert raises(box, f"open({path!r}, 'rb').read()") == "PermissionError", path
    for folder in (str(tmp_path), str(Path.home()), "/", "/proc"):
        assert raises(box, f"os.listdir({folder!r})") == "PermissionError", folder


def test_it_writes_nothing(box: Sandbox, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_text("kept")
    before = kept.stat()
    for code in (
        f"open({str(tmp_path / 'new')!r}, 'w').write('x')",
        "open('here', 'w').write('x')",
        "open('/dev/shm/fathom-attack', 'w').write('x')",
        f"os.remove({str(kept)!r})",
        f"os.truncate({str(kept)!r}, 0)",
        f"os.rename({str(kept)!r}, {str(kept) + '2'!r})",
        f"os.chmod({str(kept)!r}, 0)",
        f"os.chown({str(kept)!r}, 1, 1)",
        f"os.utime({str(kept)!r}, (1, 1))",
        f"os.setxattr({str(kept)!r}, 'user.x', b'x')",
        f"os.symlink('/', {str(tmp_path / 'link')!r})",
        "os.mkdir('here')",
        "open('program.py', 'w')",
    ):
        assert raises(box, code) in {"PermissionError", "OSError"}, code
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert kept.read_text() == "kept"
    assert kept.stat().st_mode == before.st_mode
    assert kept.stat().st_mtime == before.st_mtime


def test_it_sees_no_environment_and_no_installed_package(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_KEY", "hush")
    seen = box.run("import os, sys; print(sorted(os.environ), [p for p in sys.path if 'site-packages' in p])").stdout
    assert seen == "['LANG'] []\n"
    assert raises(box, "import numpy") == "ModuleNotFoundError"
    assert raises(box, "import fathom") == "ModuleNotFoundError"


def test_it_inherits_no_open_file(box: Sandbox, tmp_path: Path) -> None:
    with (tmp_path / "open").open("w") as file:
        os.set_inheritable(file.fileno(), True)
        code = "import os\nfor fd in range(3, 32):\n    try: os.fstat(fd); print(fd)\n    except OSError: continue"
        assert box.run(code).stdout == ""


def test_dropped_rights_cannot_be_regained(box: Sandbox) -> None:
    assert raises(box, "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))") == "ValueError"
    assert raises(box, "import resource; resource.setrlimit(resource.RLIMIT_AS, (2**40, 2**40))") == "ValueError"
    again = "os.execv(sys.executable, [sys.executable, '-c', 'import os; os.fork()'])"
    assert box.run(f"import os, sys\n{again}").status == "failed"


def test_crashes_and_invalid_bytes_are_results(box: Sandbox) -> None:
    assert box.run("import ctypes; ctypes.string_at(0)").exit_status == -11
    assert box.run("import os; os.write(1, b'\\xff\\xfe')").stdout == "\ufffd\ufffd"
    assert box.run("print('\\x00')").stdout == "\x00\n"
    assert box.run("print(1)\x00").status == "failed"
    assert box.run("print('\ud800')").status in ("failed", "finished")
    assert box.run("(" * 5000).status == "failed"
    assert box.run("x = 1\n" * 100_000).status == "finished"


def test_nothing_is_left_behind(box: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for program in ("print(1)", "while True: print(1)", "1 / 0"):
        box.run(program)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_layer_is_refused_unless_fewer_are_requested(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "available_layers", lambda: frozenset({"calls"}))
    with pytest.raises(SandboxError, match="cannot confine programs fully: no files; use Linux"):
        Sandbox()
    assert Sandbox(layers=("calls",)).run("print(1)").stdout == "1\n"


def test_without_the_layers_the_limits_still_hold(tmp_path: Path) -> None:
    box = Sandbox(TIGHT, layers=())
    assert raises(box, f"os.write(os.open({str(tmp_path / 'new')!r}, os.O_CREAT | os.O_WRONLY), b'x')") == "OSError"
    assert (tmp_path / "new").read_bytes() == b""
    assert Sandbox(BRIEF, layers=()).run("while True: pass").status == "time"


def test_nothing_runs_if_a_layer_cannot_be_applied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "available_layers", lambda: frozenset({"moat"}))
    done = Sandbox(TIGHT, layers=("moat",)).run("print(1)")
    assert (done.status, done.stdout) == ("refused", "")
    assert done.stderr == "the sandbox layer 'moat' could not be applied\n"
