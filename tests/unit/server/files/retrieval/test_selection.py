"""Which passages are chosen within a budget."""

from __future__ import annotations

from stored_files import passage, stored_file

from fathom.server.files.retrieval.selection import select_passages

FIRST, SECOND = stored_file("first"), stored_file("second")


def positions(selected) -> list[tuple[str, int]]:
    return [(p.file, p.position) for p in selected.passages]


def of(file, texts, tokens=10):
    return [passage(file, position, text, tokens) for position, text in enumerate(texts)]


def test_all_where_they_fit():
    passages = of(FIRST, ["a", "b"])
    selected = select_passages("anything", passages, 20)
    assert selected.whole
    assert selected.passages == tuple(passages)


def test_the_passage_with_the_answer_and_its_neighbours_in_order():
    texts = [f"chapter {n} about nothing" for n in range(30)]
    texts[17] = "the launch date is the fourth of May"
    selected = select_passages("When is the launch date?", of(FIRST, texts), 30)
    assert positions(selected) == [(FIRST.id, 16), (FIRST.id, 17), (FIRST.id, 18)]
    assert (selected.whole, selected.total) == (False, 30)


def test_it_works_without_spaces_between_words():
    texts = ["无关的内容" for _ in range(20)]
    texts[9] = "会议改到下午三点"
    assert (FIRST.id, 9) in positions(select_passages("会议是几点？", of(FIRST, texts), 10))


def test_several_files_are_heard():
    passages = of(FIRST, ["budget of the year"] * 10) + of(SECOND, ["other", "budget", "other"])
    selected = select_passages("budget", passages, 40)
    assert {p.file for p in selected.passages} == {FIRST.id, SECOND.id}


def test_a_question_about_the_whole_gets_beginnings_and_an_even_spread():
    passages = of(FIRST, [f"x{n}" for n in range(16)]) + of(SECOND, [f"y{n}" for n in range(4)])
    selected = positions(select_passages("summarize", passages, 50))
    assert (FIRST.id, 0) in selected
    assert (SECOND.id, 0) in selected
    assert (FIRST.id, 8) in selected
    assert len(selected) == 5


def test_what_is_left_of_the_budget_is_used():
    texts = ["match here"] + [f"x{n}" for n in range(9)]
    assert len(select_passages("match", of(FIRST, texts), 50).passages) == 5


def test_a_budget_below_one_passage_gives_none():
    assert select_passages("x", of(FIRST, ["x", "y"], tokens=100), 10).passages == ()
