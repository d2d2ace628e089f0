"""What a program prints, as a notebook would show it."""

from pathlib import Path

import pytest

from fathom.server.tools.python import harness


def output(tmp_path: Path, capsys: pytest.CaptureFixture[str], source: str) -> tuple[int, str, str]:
    import sys

    path = tmp_path / "program.py"
    path.write_text(source, encoding="utf-8")
    before, main = list(sys.path), sys.modules["__main__"]
    try:
        status = harness.main(str(path), [])
    finally:
        sys.path[:], sys.modules["__main__"] = before, main
    shown = capsys.readouterr()
    return status, shown.out, shown.err


@pytest.mark.parametrize(
    ("source", "printed"),
    [
        ("1 + 2", "3\n"),
        ("print('a')\n'b'", "a\nb\n"),
        ("x = 5", ""),
        ("None", ""),
        ("", ""),
        ("def f():\n    return [1]\nf()", "[1]\n"),
        ("if __name__ == '__main__':\n    print('main')", "main\n"),
        ("import sys\nprint(1)\nsys.exit()", "1\n"),
    ],
)
def test_the_last_value_is_printed(
    source: str, printed: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert output(tmp_path, capsys, source) == (0, printed, "")


def test_an_error_shows_the_lines_of_the_program_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, printed, error = output(tmp_path, capsys, "print(1)\ndef f():\n    return 1 / 0\nf()")
    assert (status, printed) == (1, "1\n")
    assert "harness" not in error
    assert "return 1 / 0" in error
    assert error.endswith("ZeroDivisionError: division by zero\n")
    status, _, error = output(tmp_path, capsys, "a b")
    assert (status, error.splitlines()[-1]) == (1, "SyntaxError: invalid syntax")
    assert output(tmp_path, capsys, "raise SystemExit(3)")[0] == 3
