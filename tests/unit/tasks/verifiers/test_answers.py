from fathom.tasks.verifiers.answers import Words


def test_words_are_compared_without_spaces_and_punctuation() -> None:
    assert Words("\\text{No solution.}").key == Words("no  solution").key == "nosolution"
    assert Words("it's even").key == "itseven"


def test_the_case_of_a_single_letter_counts() -> None:
    assert Words("(A)").key == "A"
    assert Words("a").key == "a"
