"""Records out of a stream: one at a time, bounded, the broken ones passed over."""

from __future__ import annotations

import io
import json

import pytest

from fathom.base.errors import RequestError
from fathom.server.conversations.importing import json_values
from fathom.server.conversations.importing.json_values import Unreadable

read = json_values.json_values


def values(data: bytes | str) -> list:
    return list(read(io.BytesIO(data.encode() if isinstance(data, str) else data)))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("[]", []),
        ('[{"a": 1}, {"b": [2, {"c": "]}"}]}]', [{"a": 1}, {"b": [2, {"c": "]}"}]}]),
        ('{"a": 1}', [{"a": 1}]),
        ('{"a": 1}\n{"a": 2}\n', [{"a": 1}, {"a": 2}]),
        ('\ufeff [ {"a": "\\"{"} ]\n', [{"a": '"{'}]),
        ('[null, 1.5e3, true, {"a": 1}]', [{"a": 1}]),
        ('[["x"], {"a": 1}]', [["x"], {"a": 1}]),
        ('{"a": "\\\\"}{"b": "\\\\\\""}', [{"a": "\\"}, {"b": '\\"'}]),
        ('[{"n": NaN, "i": 1e999, "m": -Infinity}]', [{"n": None, "i": None, "m": None}]),
        ('[{"a": "\\ud83d"}]', [{"a": "\ud83d"}]),
        ("", []),
    ],
)
@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 1 << 20])
def test_values(monkeypatch, data, expected, chunk):
    monkeypatch.setattr(json_values, "CHUNK", max(chunk, 3) if data.startswith("\ufeff") else chunk)
    assert values(data) == expected


@pytest.mark.parametrize("data", ["hello", "<html>", '"text"', "[1, ?]", "]", b"\x89PNG\r\n", b"\xff\xfe{\x00"])
def test_what_is_no_json(data):
    with pytest.raises(RequestError, match="not JSON that holds conversations"):
        values(data)


@pytest.mark.parametrize("data", ['[{"a": 1}', '[{"a": 1}, {"b"', '{"a": "x', '[{"a": "x\\'])
def test_a_file_that_is_cut_off_gives_what_it_has_then_the_error(data):
    records = []
    with pytest.raises(RequestError, match="ends inside a record"):
        records.extend(read(io.BytesIO(data.encode())))
    assert records in ([], [{"a": 1}])


def test_a_broken_record_is_passed_over():
    first, second, third = values('[{"a": 1,}, {"a": [}, {"b": 2}]'.replace("[}", "[]]"))
    assert isinstance(first, Unreadable)
    assert "not valid JSON" in first.reason
    assert isinstance(second, Unreadable)
    assert third == {"b": 2}


def test_limits(monkeypatch):
    monkeypatch.setattr(json_values, "MAX_VALUE_BYTES", 100)
    monkeypatch.setattr(json_values, "MAX_NODES", 20)
    large, deep = json.dumps({"a": "x" * 200}), '{"a":' * 70 + "1" + "}" * 70
    many, small = json.dumps({"a": [0] * 25}), '{"a": 1}'
    reasons = [
        value.reason if isinstance(value, Unreadable) else value for value in values(f"[{large},{deep},{many},{small}]")
    ]
    assert reasons == [
        "the record is larger than 0 MB",
        "the record is nested more than 64 levels deep",
        "the record has more than 20 values",
        {"a": 1},
    ]


def test_a_number_of_many_digits_is_a_broken_record():
    assert values('[{"a": ' + "9" * 5000 + "}]") == [Unreadable("the record holds a number that is too long")]
