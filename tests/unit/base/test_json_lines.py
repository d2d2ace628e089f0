"""Lines of JSON: characters at which other programs cut, texts that no file can hold, files that a kill cut short."""

import json
from pathlib import Path

import pytest

from fathom.base.json_lines import json_line, whole_lines

CUTS = "a\u2028b\u2029c\x85d\x0be\x0cf\x1cg\x1dh\x1ei\rj\nk"


def test_a_line_is_one_line_wherever_it_is_cut() -> None:
    line = json_line({"text": CUTS})
    assert line.splitlines() == [line.removesuffix("\n")]
    assert json.loads(line) == {"text": CUTS}


def test_other_characters_are_readable() -> None:
    assert json_line(["für 3 €, 好"]) == '["für 3 €, 好"]\n'


def test_half_a_surrogate_pair_can_be_written() -> None:
    assert json.loads(json_line("a\ud800b").encode("utf-8")) == "a?b"


def test_lines_end_at_line_feeds_alone(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(json.dumps(CUTS, ensure_ascii=False) + "\n[2]\n", encoding="utf-8", newline="\n")
    assert [json.loads(line) for line in whole_lines(path)] == [CUTS, [2]]


@pytest.mark.parametrize(("content", "lines"), [(b"", []), (b"[1", []), (b"[1]\n[2", ["[1]"]), (b"[1]\n", ["[1]"])])
def test_a_line_that_was_cut_short_is_none(tmp_path: Path, content: bytes, lines: list[str]) -> None:
    (tmp_path / "x").write_bytes(content)
    assert whole_lines(tmp_path / "x") == lines
