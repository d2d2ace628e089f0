import re

from fathom.tasks.verifiers.brackets import enclosing, split_top

COMMA = re.compile(r",\s*")


def test_separators_in_brackets_do_not_split() -> None:
    assert split_top("(1, 2), \\{3, 4\\}, f(x, y)", COMMA) == ["(1, 2)", "\\{3, 4\\}", "f(x, y)"]
    assert split_top("\\begin{pmatrix} 1, 2 \\end{pmatrix}, 3", COMMA) == ["\\begin{pmatrix} 1, 2 \\end{pmatrix}", "3"]
    assert split_top("[0, 1), 2", COMMA) == ["[0, 1)", "2"]
    assert split_top("1", COMMA) == ["1"]


def test_what_encloses_all_of_a_text() -> None:
    assert enclosing("[0, 1)") == ("[", "0, 1", ")")
    assert enclosing("\\{1, 2\\}") == ("\\{", "1, 2", "\\}")
    assert enclosing("(1)(2)") is None
    assert enclosing("(1") is None
    assert enclosing("1") is None
