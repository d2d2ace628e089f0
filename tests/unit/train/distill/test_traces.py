"""Answers on disk: appended, read back, and never mixed with those to another question."""

import json

import pytest

from fathom.base.errors import ConfigError, DataError
from fathom.train.distill.teacher import TeacherAnswer
from fathom.train.distill.traces import FILE, Trace, TraceFile
from fathom.types import Message

ASKED = {"data": {"samples": 2, "options": {"count": (3, 4)}}}


def made(problem=0, sample=0, **changes):
    values = {"ending": "stop", "tokens": 5} | changes
    said = TeacherAnswer(Message("assistant", "fünf \ufffd", reasoning="hm\n"), **values)
    return Trace(problem, sample, f"id{problem}", said, False, "it is 4")


def test_added_traces_are_read_back(tmp_path):
    traces = [made(), made(1, 1, ending="length", tokens=None), made(2, 0)]
    file = TraceFile(tmp_path / "run", ASKED)
    for one in traces:
        file.add(one, "2+2?")
    again = TraceFile(tmp_path / "run", ASKED)
    assert again.traces == {(one.problem, one.sample): one for one in traces} == file.traces
    first, second, *_ = (tmp_path / "run" / FILE).read_text(encoding="utf-8").splitlines()
    assert json.loads(first) == {"asked": {"data": {"samples": 2, "options": {"count": [3, 4]}}}}
    assert json.loads(second) == {
        "problem": 0,
        "sample": 0,
        "id": "id0",
        "prompt": "2+2?",
        "reasoning": "hm\n",
        "content": "fünf \ufffd",
        "ending": "stop",
        "tokens": 5,
        "correct": False,
        "detail": "it is 4",
    }


@pytest.mark.parametrize("left", [1, 20, -1])
def test_a_last_line_that_a_kill_cut_short_is_dropped(tmp_path, left):
    file = TraceFile(tmp_path, ASKED)
    file.add(made(0), "?")
    whole = file.path.read_bytes()
    file.add(made(1), "?")
    line = file.path.read_bytes()[len(whole) :]
    file.path.write_bytes(whole + line[:left])
    again = TraceFile(tmp_path, ASKED)
    assert list(again.traces) == [(0, 0)]
    again.add(made(1), "?")
    assert file.path.read_bytes() == whole + line


def test_a_kill_before_the_first_line_starts_a_new_file(tmp_path):
    (tmp_path / FILE).write_bytes(b'{"asked": {"da')
    assert TraceFile(tmp_path, ASKED).traces == {}
    assert TraceFile(tmp_path, ASKED).traces == {}


def test_answers_to_other_questions_are_refused(tmp_path):
    TraceFile(tmp_path, ASKED)
    with pytest.raises(ConfigError, match=r"answers to other questions \(data.samples: 2 → 3\); choose another --out"):
        TraceFile(tmp_path, {"data": ASKED["data"] | {"samples": 3}})


@pytest.mark.parametrize("line", [b"nonsense", b"{}", b"[]", b'{"problem": 0}', b"\xff\xfe"])
def test_a_damaged_line_is_named(tmp_path, line):
    file = TraceFile(tmp_path, ASKED)
    file.add(made(), "?")
    file.path.write_bytes(file.path.read_bytes() + line + b"\n")
    with pytest.raises(DataError, match=rf"{FILE}:3 is damaged .*; remove that line"):
        TraceFile(tmp_path, ASKED)


def test_a_disk_that_refuses_is_an_error_with_a_remedy(tmp_path):
    file = TraceFile(tmp_path, ASKED)
    file.path.unlink()
    file.path.mkdir()
    with pytest.raises(DataError, match=r"cannot be written: .*; free some space"):
        file.add(made(), "?")


def test_traces_of_earlier_versions_answer_the_same_questions(tmp_path):
    described = {"data": {"task": {"name": "%s"}}, "student": {"tokenizer": "%s"}}
    old, new = (
        json.loads(json.dumps(described) % names)
        for names in (("zero-countdown-3", "zero"), ("speedrun:problems", "speedrun:tokenizer"))
    )
    TraceFile(tmp_path, old)
    assert TraceFile(tmp_path, new).traces == {}
