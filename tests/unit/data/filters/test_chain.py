"""The chain of filters, and its report."""

from fathom.data.filters.chain import FilterChain, PreparationReport
from fathom.data.sources.source import Document


def test_the_first_filter_that_drops_gives_the_reason() -> None:
    report = PreparationReport()
    documents = [Document(text, str(number), "s") for number, text in enumerate(["a", "bb", "ccc", "dd", "ee", "ff"])]
    steps = [
        ("length", lambda document: "odd" if len(document.text) % 2 else None),
        ("letter", lambda document: "a b" if "b" in document.text else None),
        ("letter", lambda document: "not f" if "f" not in document.text else None),
    ]
    assert [document.id for document in filter(FilterChain(steps, report).keeps, documents)] == ["5"]
    assert report.as_dict() == {
        "documents": 6,
        "characters": 12,
        "kept": 1,
        "kept_characters": 2,
        "dropped": {"length: odd": 2, "letter: not f": 2, "letter: a b": 1},
        "examples": {
            "length: odd": [("0", "a"), ("2", "ccc")],
            "letter: a b": [("1", "bb")],
            "letter: not f": [("3", "dd"), ("4", "ee")],
        },
    }


def test_examples_are_few_and_short() -> None:
    report = PreparationReport()
    for number in range(9):
        report.drop("long", Document("x" * 1000, str(number), "s"))
    assert report.dropped["long"] == 9
    assert [(name, len(text)) for name, text in report.examples["long"]] == [("0", 160), ("1", 160), ("2", 160)]
