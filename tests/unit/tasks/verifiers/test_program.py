import pytest
from hypothesis import given
from hypothesis import strategies as st

from fathom.tasks.verifiers.program import last_program, parse_program


@pytest.mark.parametrize(
    ("answer", "strict", "lenient"),
    [
        ("print(1)", "print(1)", "print(1)"),
        ("```python\nprint(1)\n```", "print(1)", "print(1)"),
        ("So:\n```\nprint(1)\n```\nDone.", "print(1)", "print(1)"),
        ("```py\na\n```\n```py\nb\n```", None, "b"),
        ("```python\n```", "", ""),
        ("```python3\nprint(1)\n```", "print(1)", "print(1)"),
        ("``` python\nprint(1)\n```", "print(1)", "print(1)"),
        ("```Python\nprint(1)\n```", "print(1)", "print(1)"),
        ('```python title="a.py"\nprint(1)\n```', "print(1)", "print(1)"),
        ("```{python}\nprint(1)\n```", "print(1)", "print(1)"),
        ("```python\r\na = 1\r\nprint(a)\r\n```\r\n", "a = 1\nprint(a)", "a = 1\nprint(a)"),
        ("~~~python\nprint(1)\n~~~", "print(1)", "print(1)"),
        ("````python\nprint('```')\n````", "print('```')", "print('```')"),
        ('```python\ndef f():\n    """Use ```f()```."""\n```', *['def f():\n    """Use ```f()```."""'] * 2),
        ("1. Code:\n   ```python\n   if 1:\n       print(1)\n   ```", "if 1:\n    print(1)", "if 1:\n    print(1)"),
        ("```python\nprint(1)```", "print(1)", "print(1)"),
        ("```python\nprint(1)", None, "print(1)"),
        ("```python\nprint(1)\n```\nIt prints:\n```\n1\n```", "print(1)", "print(1)"),
        ("```bash\npip install x\n```\n```python\nprint(1)\n```", "print(1)", "print(1)"),
        ("```\na\n```\n```\nb\n```", None, "b"),
        ("```java\nint x;\n```", None, None),
        ("```print(1)```", None, None),
    ],
)
def test_the_program_of_an_answer(answer: str, strict: str | None, lenient: str | None) -> None:
    assert parse_program(answer) == strict
    assert last_program(answer) == lenient


@given(st.text() | st.lists(st.sampled_from(["```", "~~~", "python", "\n", "\r\n", " ", "x = 1"])).map("".join))
def test_nothing_raises(answer: str) -> None:
    parse_program(answer)
    last_program(answer)
