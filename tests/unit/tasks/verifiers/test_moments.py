import pytest

from fathom.tasks.verifiers.moments import Date, TimeOfDay, parse_moment


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("March 5, 2024", Date(2024, 3, 5)),
        ("\\text{Tuesday, Mar. 5th, 2024}", Date(2024, 3, 5)),
        ("the 5th of March 2024", Date(2024, 3, 5)),
        ("March 2024", Date(2024, 3, None)),
        ("5 May", Date(None, 5, 5)),
        ("2024-03-05", Date(2024, 3, 5)),
        ("2024年3月5日", Date(2024, 3, 5)),
        ("3月5号", Date(None, 3, 5)),
        ("25/03/2024", Date(2024, 3, 25)),
        ("03/25/2024", Date(2024, 3, 25)),
        ("03/05/2024", None),
        ("2024-13-05", None),
        ("Maybe 5", None),
        ("May", None),
        ("5", None),
    ],
)
def test_dates(text: str, date: Date | None) -> None:
    assert parse_moment(text) == date


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("3:45 \\text{ p.m.}", TimeOfDay(15, 45, 0, "p")),
        ("3 PM", TimeOfDay(15, 0, 0, "p")),
        ("12:30 am", TimeOfDay(0, 30, 0, "a")),
        ("15:45", TimeOfDay(15, 45, 0, "p")),
        ("3:45", TimeOfDay(3, 45, 0, "")),
        ("9:05:30", TimeOfDay(9, 5, 30, "")),
        ("5 o'clock", TimeOfDay(5, 0, 0, "")),
        ("25:00", None),
        ("13 pm", None),
        ("3:4", None),
        ("3", None),
    ],
)
def test_times(text: str, time: TimeOfDay | None) -> None:
    assert parse_moment(text) == time
