"""Quality rules: one bad text for each, and a good one that passes all."""

import pytest

from fathom.data.filters.quality import Quality
from fathom.data.sources.source import Document

GOOD = (
    "The garden behind the house had been left to itself for years, and nobody remembered who planted the roses. "
    "Every spring they came back, a little wilder than before, and climbed over the wall to look at the street. "
    "Children on their way home broke off a flower or two; the old man at the window pretended not to notice. "
    "When he died, his daughter found a notebook with the names of all of them, written beside pressed petals."
)


def judged(text: str, quality: Quality | None = None) -> str | None:
    return (quality or Quality())(Document(text, "1", "test"))


def test_good_text_passes() -> None:
    assert judged(GOOD) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (" \n\n", "empty"),
        ("Two words.", "too few words"),
        (GOOD * 1500, "too many words"),
        ("\n".join(f"- {line}." for line in GOOD.split(". ")), "mostly bullet points"),
        ("...\n".join(GOOD.split(". ")) + "...", "lines cut off by an ellipsis"),
        (f"{GOOD}\n" * 3, "repeated lines"),
        (
            "\n\n".join(["First line\nsecond", "other\ntext", "First line\nsecond", "First line\nsecond"]),
            "repeated lines",
        ),
        (GOOD + " Please enable JavaScript.", "boilerplate (enable javascript)"),
        (" ".join(["a b c d the of"] * 12), "words too short"),
        (" ".join(["antidisestablishmentarianism the of"] * 20), "words too long"),
        (GOOD + " # # # # # # # # # #", "too many symbols"),
        (GOOD + " 1912 1913 1914" * 12, "too few words with letters"),
        (" ".join(f"word{n} mot{n} wort{n}" for n in range(20)), "no plain sentences (stop words missing)"),
        (GOOD + " The same again." * 25, "one phrase repeated"),
        (GOOD + " " + " ".join(GOOD.split()[5:25]) + " and " + " ".join(GOOD.split()[30:50]), "repeated passages"),
    ],
)
def test_bad_text_is_dropped_with_its_reason(text: str, reason: str) -> None:
    assert judged(text) == reason


def test_repeated_paragraphs() -> None:
    paragraphs = ["one\ntwo", "three\nfour", "one \ntwo\nx", "five\nsix"]
    assert (
        judged("\n\n".join(paragraphs), Quality(words=(0, 99), stop_words=0, top_ngrams=(), repeated_ngrams=())) is None
    )
    twice = "\n\n".join([*paragraphs, *paragraphs])
    assert judged(twice, Quality(repeated_lines=1.0)) == "repeated paragraphs"


def test_a_language_without_spaces_is_judged_by_its_lines_only() -> None:
    assert judged("猫が庭を歩いている。\n犬は家の中で寝ている。") is None
    assert judged("猫が庭を歩いている。\n" * 4) == "repeated lines"


def test_another_language_asks_for_no_english_stop_words() -> None:
    german = (
        "Der Garten hinter dem Haus war seit Jahren sich selbst überlassen, und niemand wusste mehr, wer die Rosen "
        "gepflanzt hatte. Jedes Frühjahr kamen sie wieder, etwas wilder als zuvor, und kletterten über die Mauer, um "
        "auf die Straße zu schauen. Kinder brachen auf dem Heimweg eine Blüte ab; der Alte am Fenster sah weg, bis sie "
        "um die Ecke waren, und schrieb dann etwas auf."
    )
    assert judged(german) == "no plain sentences (stop words missing)"
    assert judged(german, Quality(stop_words=0)) is None
