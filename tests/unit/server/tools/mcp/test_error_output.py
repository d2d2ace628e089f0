"""The standard error of a program, kept to its end."""

from __future__ import annotations

import subprocess
import sys

from fathom.server.tools.mcp.error_output import ErrorOutput


def written(code: str) -> ErrorOutput:
    with ErrorOutput() as output:
        subprocess.run([sys.executable, "-c", f"import sys\n{code}"], check=True, stderr=output.file, timeout=60)
    return output


def test_the_end_of_much_output_is_kept():
    output = written("for i in range(200): sys.stderr.write('x' * 10_000)\nsys.stderr.write(' the\\n reason')")
    assert output.end(600).endswith("x the reason")
    assert len(output.end(600)) == 600
    assert len(output.end(10**9)) < 5000


def test_broken_text_and_silence():
    assert written("sys.stderr.buffer.write(b'caf\\xe9')").end(600) == "caf\N{REPLACEMENT CHARACTER}"
    assert written("").end(600) == ""


def test_a_program_that_outlives_the_reader_does_not_hold_it_up():
    with ErrorOutput() as output:
        program = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], stderr=output.file)
    try:
        assert output.file.closed
        assert output.end(10) == ""
    finally:
        program.kill()
        program.wait()
