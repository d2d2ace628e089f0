"""The container image builds, is healthy, answers, and is small; needs a docker daemon."""

import subprocess

import pytest
from markdown_files import ROOT

SKIPPED = 77


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_image_serves() -> None:
    done = subprocess.run([str(ROOT / ".ci" / "container")], capture_output=True, text=True, check=False, timeout=1700)
    if done.returncode == SKIPPED:
        pytest.skip(done.stdout.strip())
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_image_runs_as_a_user_with_a_health_check() -> None:
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    instructions = [line.split()[0] for line in lines if line and not line.startswith((" ", "#"))]
    assert "HEALTHCHECK" in instructions
    assert instructions.index("USER") < instructions.index("ENTRYPOINT")
    copied = [line.split()[1:-1] for line in lines if line.startswith("COPY") and "--from" not in line]
    allowed = {
        line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line.startswith("!")
    }
    assert {name for names in copied for name in names} <= allowed
