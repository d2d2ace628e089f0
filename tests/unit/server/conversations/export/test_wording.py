"""Words, sizes and times of exported pages."""

from __future__ import annotations

from dataclasses import fields

import pytest

from fathom.server.conversations.export import wording
from fathom.server.conversations.export.wording import Wording


@pytest.mark.parametrize(
    ("language", "expected"), [(None, "en"), ("en-GB", "en"), ("zh-Hans", "zh"), ("ZH", "zh"), ("fr", "en")]
)
def test_languages(language, expected):
    assert wording.wording(language).language == expected


def test_both_languages_fill_the_same_places():
    for field in fields(Wording):
        names = [
            value.count("{") for value in (getattr(wording.ENGLISH, field.name), getattr(wording.CHINESE, field.name))
        ]
        assert names[0] == names[1], field.name


@pytest.mark.parametrize(
    ("ms", "expected"), [(0, "0 s"), (12_400, "12 s"), (59_700, "1:00"), (83_000, "1:23"), (3_600_000, "60:00")]
)
def test_seconds(ms, expected):
    assert wording.seconds(ms) == expected


@pytest.mark.parametrize(
    ("count", "expected"),
    [(0, "0 B"), (999, "999 B"), (1500, "1.5 KB"), (12_345, "12 KB"), (5e9, "5.0 GB"), (5e12, "5000 GB")],
)
def test_size(count, expected):
    assert wording.size(count) == expected


def test_labels():
    assert wording.date(1_700_000_000_000) == "2023-11-14"
    assert wording.place_label({"sheet": "A", "cells": "B2:F9"}) == "sheet A cells B2:F9"
    assert wording.place_label(None) == ""
    assert wording.file_label({"name": "a.pdf", "bytes": 1500}) == "a.pdf (1.5 KB)"
    assert wording.file_label({}) == "file"
    assert wording.thinking_label({"ms": 5000}, wording.ENGLISH) == "Thought for 5 s"
    assert wording.thinking_label({"ms": None}, wording.CHINESE) == "思考"
