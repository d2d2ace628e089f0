"""Programming tasks: the formats of records, verified in the sandbox."""

from pathlib import Path

import pytest
from file_tasks import collection, only, rewards

from fathom.tasks.code import Assertions, Code
from fathom.tasks.sandbox import sandbox
from fathom.tasks.verifiers.code import IOExample
from fathom.tasks.verifiers.format import AnswerFormat

pytestmark = pytest.mark.usefixtures("confined")


@pytest.fixture
def confined() -> None:
    if sandbox.available_layers() != set(sandbox.LAYERS):
        pytest.skip("this machine cannot confine programs fully")


def test_programs_are_verified_by_their_output(tmp_path: Path) -> None:
    record = {"question": "Double it.", "examples": [{"input": "4\n", "output": "8\n"}]}
    task = Code(collection(tmp_path, record))
    item = only(task)
    assert item.answer == (IOExample("4\n", "8\n"),)
    assert rewards(task, item, "<think>easy</think>```python\nprint(2 * int(input()))\n```") == (1.0, 1.0)
    assert rewards(task, item, "print(2 * int(input()))") == (1.0, 1.0)
    assert rewards(task, item, "<think>easy</think>```python\nprint(7)\n```") == (0.0, 0.0)
    two = "```\nprint(7)\n```\nor\n```\nprint(2 * int(input()))\n```"
    assert rewards(task, item, two) == (0.0, 1.0)


def test_records_of_human_eval_and_mbpp(tmp_path: Path) -> None:
    human = {
        "prompt": "def f(x):",
        "entry_point": "f",
        "test": "def check(candidate):\n    assert candidate(2) == 4",
    }
    task = Code(collection(tmp_path, human))
    assert rewards(task, only(task), "def f(x): return x * x") == (1.0, 1.0)
    mbpp = {
        "text": "Square.",
        "code": "def g(x): return x ** 2",
        "test_list": ["assert g(3) == 9", "assert g(0) == 0"],
    }
    task = Code(collection(tmp_path, mbpp))
    assert only(task).answer == Assertions("\nassert g(3) == 9\nassert g(0) == 0", ("g",))
    assert rewards(task, only(task), "def g(x): return x * x") == (1.0, 1.0)
    assert rewards(task, only(task), "def g(x): return x") == (0.0, 0.0)


HELPERS = [
    {
        "prompt": 'import math\n\ndef poly(xs: list, x: float):\n    """Value at x."""\n'
        "    return sum(c * math.pow(x, i) for i, c in enumerate(xs))\n\n"
        'def find_zero(xs: list):\n    """A zero of poly."""\n',
        "entry_point": "find_zero",
        "test": "def check(candidate):\n    assert math.fabs(poly([2, 4], candidate([2, 4]))) < 1e-4",
        "solution": "def find_zero(xs): return -xs[0] / xs[1]",
    },
    {
        "prompt": 'def encode(s: str):\n    """Shift."""\n    return "".join(chr(ord(c) + 1) for c in s)\n\n'
        'def decode(s: str):\n    """Shift back."""\n',
        "entry_point": "decode",
        "test": "def check(candidate):\n    for s in ('abc', ''):\n        assert candidate(encode(s)) == s",
        "solution": "def decode(s): return ''.join(chr(ord(c) - 1) for c in s)",
    },
    {
        "prompt": 'from typing import List\n\ndef longest(xs: List[str]) -> str:\n    """The longest."""\n',
        "entry_point": "longest",
        "test": "METADATA = {}\n\ndef check(candidate):\n    assert candidate(['a', 'bb']) == 'bb'",
        "solution": "def longest(xs: List[str]) -> str: return max(xs, key=len)",
    },
]


@pytest.mark.parametrize("record", HELPERS, ids=lambda record: record["entry_point"])
def test_what_a_prompt_defines_is_there_for_tests_and_programs(tmp_path: Path, record: dict[str, str]) -> None:
    task = Code(collection(tmp_path, record))
    item = only(task)
    assert rewards(task, item, record["solution"]) == (1.0, 1.0)
    assert rewards(task, item, f"def {record['entry_point']}(x): return x[0]") == (0.0, 0.0)


def test_what_a_solution_imports_is_there_for_its_tests(tmp_path: Path) -> None:
    record = {
        "text": "Volume of a sphere.",
        "code": "import math, re\ndef volume(r): return 4 / 3 * math.pi * r ** 3",
        "test_list": ["assert math.isclose(volume(10), 4188.79, rel_tol=0.001)"],
    }
    task = Code(collection(tmp_path, record))
    assert only(task).answer.code.startswith("import math, re\n")
    assert rewards(task, only(task), "def volume(r): return 4.18879 * r ** 3") == (1.0, 1.0)
    assert rewards(task, only(task), "def volume(r): return r ** 3") == (0.0, 0.0)


def test_a_prompt_may_end_with_the_head_of_the_function(tmp_path: Path) -> None:
    test = "def check(candidate):\n    assert candidate([1]) == 1"
    head = {"prompt": "from typing import List\n\ndef f(x: List[int]) -> int:\n", "entry_point": "f", "test": test}
    task = Code(collection(tmp_path, head))
    assert only(task).answer.given == "from typing import List"
    assert rewards(task, only(task), "def f(x: List[int]) -> int:\n    return len(x)") == (1.0, 1.0)
    words = {"prompt": "Write f, which counts.", "entry_point": "f", "test": test}
    assert only(Code(collection(tmp_path, words))).answer.given == ""


def test_tests_that_need_more_than_functions_of_the_solution_are_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bad = {
        "text": "Longest chain.",
        "code": "class Pair:\n    pass\ndef longest(pairs): return 1",
        "test_list": ["assert longest([Pair()]) == 1"],
    }
    good = {"text": "One.", "code": "LIMIT = 1\ndef f(): return LIMIT", "test_list": ["LIMIT = 1\nassert f() == LIMIT"]}
    assert only(Code(collection(tmp_path, bad, good))).answer.names == ("f",)
    assert "its tests use Pair, which only its solution defines" in caplog.text


def test_bad_records_are_skipped(tmp_path: Path) -> None:
    good = {"prompt": "!", "tests": "assert h() == 1", "names": ["h"]}
    bad = [
        {"prompt": "1", "examples": []},
        {"prompt": "2", "examples": [{"input": ""}]},
        {"prompt": "3", "tests": "assert h()", "names": []},
        {"prompt": "4", "test_list": ["assert h()"], "code": "def h(:"},
        {"prompt": "5", "test_list": ["assert h()"], "code": "x = 1"},
        {"prompt": "6"},
    ]
    assert only(Code(collection(tmp_path, *bad, good))).answer == Assertions("assert h() == 1", ("h",))


def test_strict_format(tmp_path: Path) -> None:
    record = {"question": "Print 1.", "examples": [{"input": "", "output": "1"}]}
    task = Code(collection(tmp_path, record), answer_format=AnswerFormat(reward=0.1))
    item = only(task)
    assert rewards(task, item, "<think></think><answer>print(1)</answer>") == (1.0, 1.0)
    assert rewards(task, item, "<think></think><answer>print(2)</answer>") == (0.1, 0.0)
    assert rewards(task, item, "```\nprint(1)\n```") == (0.0, 1.0)
