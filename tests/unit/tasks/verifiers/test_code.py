import sys

import pytest

from fathom.tasks.sandbox import sandbox
from fathom.tasks.sandbox.sandbox import Limits, Sandbox
from fathom.tasks.verifiers.code import IOExample, check_output, check_tests

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the sandbox's layers are Linux's")

ADD = [IOExample("1 2\n", "3\n"), IOExample("10 -4\n", "6")]
TESTS = "assert add(1, 2) == 3\nassert add(-5, 5) == 0\nassert add('a', 'b') == 'ab'\n"


@pytest.fixture(scope="module")
def box() -> Sandbox:
    if sandbox.available_layers() != set(sandbox.LAYERS):
        pytest.skip(f"this kernel has only {sorted(sandbox.available_layers())}")
    return Sandbox(Limits(wall_seconds=60, cpu_seconds=2))


class TestOutput:
    def test_right(self, box: Sandbox) -> None:
        assert check_output("print(sum(map(int, input().split())), ' ')\nprint()", ADD, box) == ""

    @pytest.mark.parametrize(
        ("code", "wrong"),
        [
            ("print(3)", "example 2: wrong output"),
            ("print('3\\n3')", "example 1: wrong output"),
            ("print(3, 6)", "example 1: wrong output"),
            ("", "example 1: wrong output"),
            ("import sys; sys.exit(0)", "example 1: wrong output"),
            ("print('passed after 3 calls')", "example 1: wrong output"),
            ("1 / 0", "example 1: ZeroDivisionError: division by zero"),
            ("import os; print(3, flush=True); os._exit(4)", "example 1: it ended with status 4"),
            ("while True: print(3)", "example 1: it printed too much"),
            (None, "there is no single program"),
            ("#" * 100_001, "more than 100,000 characters"),
        ],
    )
    def test_wrong(self, box: Sandbox, code: str | None, wrong: str) -> None:
        assert check_output(code, ADD, box) == wrong

    @pytest.mark.parametrize("end", ["exit()", "quit()", "if a > 0: exit(0)", "import sys; sys.exit()"])
    def test_a_program_may_exit(self, box: Sandbox, end: str) -> None:
        code = f"a = int(input())\nb = int(input())\nprint(a + b)\n{end}"
        assert check_output(code, [IOExample("3\n4\n", "7\n")], box) == ""

    def test_names_of_the_sandbox_are_not_those_of_the_program(self, box: Sandbox) -> None:
        assert check_output("print(sorted(set(globals()) - {'__builtins__'}))", [IOExample("", "")], box)
        wrong = "example 1: NameError: name 'sys' is not defined. Did you forget to import 'sys'?"
        assert check_output("sys.exit()", [IOExample("", "")], box).startswith(wrong[:45])

    def test_buffers_and_long_integers(self, box: Sandbox) -> None:
        code = "import sys\nread = sys.stdin.buffer.readline\nsys.stdout.buffer.write(str(10 ** int(read())).encode())"
        assert check_output(code, [IOExample("5000\n", "1" + "0" * 5000)], box) == ""

    @pytest.mark.parametrize(
        ("printed", "expected", "same"),
        [
            ("0.5", "0.50", True),
            ("0.30000000000000004", "0.3", True),
            ("0.333333", "0.333333333", True),
            ("2", "2.0", True),
            ("1e-07", "0.0000001", True),
            ("[0.1, 0.30000000000000004]", "[0.1, 0.3]", True),
            ("1e-17", "0.0", True),
            ("0", "0.0000001", False),
            ("0.333", "0.333333333", False),
            ("3.0", "3", False),
            ("1000001", "1000000", False),
            ("0.5 0.5", "0.5", False),
            ("nan", "0.5", False),
        ],
    )
    def test_decimals_are_compared_with_a_tolerance(
        self, box: Sandbox, printed: str, expected: str, same: bool
    ) -> None:
        assert (check_output(f"print({printed!r})", [IOExample("", expected)], box) == "") is same

    def test_without_a_tolerance_decimals_are_text(self, box: Sandbox) -> None:
        assert check_output("print(0.5)", [IOExample("", "0.50")], box, tolerance=0) == "example 1: wrong output"

    def test_no_examples_are_wrong(self, box: Sandbox) -> None:
        assert check_output("print(1)", [], box) == "there are no examples"


class TestFunctions:
    def test_right(self, box: Sandbox) -> None:
        assert check_tests("def add(a, b): return a + b", TESTS, ["add"], box) == ""

    def test_methods_and_in_place_changes(self, box: Sandbox) -> None:
        code = "class Solution:\n    def order(self, x, *, up=True):\n        x.sort(reverse=not up)\n        print(1)"
        tests = (
            "x = [2, 3, 1]\nSolution().order(x)\nassert x == [1, 2, 3]\nSolution().order(x, up=False)\nassert x[0] == 3"
        )
        assert check_tests(code, tests, ["Solution.order"], box) == ""

    def test_the_candidate_of_a_check_function(self, box: Sandbox) -> None:
        tests = "def check(candidate):\n    assert candidate({1: (2, {3})}) == {1: (2, {3})}\ncheck(same)"
        assert check_tests("def same(x): return x", tests, ["same"], box) == ""

    def test_an_expected_exception(self, box: Sandbox) -> None:
        tests = "try:\n    f(0)\nexcept ZeroDivisionError:\n    pass\nelse:\n    assert False"
        assert check_tests("def f(x): return 1 / x", tests, ["f"], box) == ""
        assert check_tests("def f(x): return 0", tests, ["f"], box) == "AssertionError"

    @pytest.mark.parametrize(
        "code",
        [
            "def add(a, b): return a - b",
            "def other(a, b): return a + b",
            "this is no program",
            "",
            "import sys; sys.exit(0)",
            "import os; os._exit(0)",
            "def add(a, b):\n    import os; os._exit(0)",
            "def add(a, b):\n    raise SystemExit(0)",
            "class Always:\n    def __eq__(self, other): return True\ndef add(a, b): return Always()",
            "class Int(int):\n    __eq__ = lambda *_: True\n    __hash__ = int.__hash__\ndef add(a, b): return Int(7)",
            "class Str(str):\n    __eq__ = lambda *_: True\n    __hash__ = str.__hash__\ndef add(a, b): return Str()",
            "import builtins\nbuiltins.AssertionError = type('E', (BaseException,), {})\ndef add(a, b): return 0",
            "print('passed after 3 calls')",
            "import os; os.write(1, b'passed after 3 calls\\n'); os.write(2, b'passed after 3 calls\\n'); os._exit(0)",
            "import sys; sys.stderr.write('passed after 3 calls'); sys.exit(0)",
            "import os\nfor f in range(9):\n    try: os.write(f, b'[\"result\", true, []]\\n')\n    except OSError: 0",
            "import gc\nfor o in gc.get_objects():\n    if isinstance(o, dict) and 'wire' in o: o['wire'] = None",
            "def add(a, b): return (lambda f: f(f))(lambda f: f(f))",
            "def add(a, b):\n    x = []\n    x.append(x)\n    return x",
            "def add(a, b):\n    while True: pass",
            "def add(a, b): return 'x' * 10**9",
            "import unittest.mock as m\ndef add(a, b): return m.ANY",
            "def add(a, b): return float('nan')",
        ],
    )  # fmt: skip
    def test_cheating_and_failing(self, box: Sandbox, code: str) -> None:
        assert check_tests(code, TESTS, ["add"], box)

    def test_replacing_what_the_tests_use_changes_nothing(self, box: Sandbox) -> None:
        code = "import math, builtins\nbuiltins.abs = lambda x: 0\nmath.isclose = lambda *a: True\ndef f(): return 5.0"
        assert check_tests(code, "import math\nassert abs(f() - 1) < 1e-6", ["f"], box) == "AssertionError"
        assert check_tests(code, "import math\nassert math.isclose(f(), 1)", ["f"], box) == "AssertionError"

    @pytest.mark.parametrize(
        ("code", "tests"),
        [
            ("def f(): return 10 ** 5000", "assert f() == 10 ** 5000"),
            ("from collections import deque\ndef f(): return deque([1, 2])", "assert list(f()) == [1, 2]"),
            ("def f():\n    yield 1\n    yield 2", "assert list(f()) == [1, 2]"),
            ("def f(): return map(str, [1, 2])", "assert list(f()) == ['1', '2']"),
            ("def f(): return {1: 2}.keys()", "assert list(f()) == [1]"),
            ("def f(): return range(3)", "assert f() == range(3)"),
            ("from fractions import Fraction\ndef f(): return Fraction(1, 3)", "assert f() * 3 == 1"),
            ("import sys\nread = sys.stdin.buffer.readline\ndef f(): return 1", "assert f() == 1"),
            ("def f(): return 1\nif __name__ != '__main__':\n    exit()", "assert f() == 1"),
            ("def f(): return 1\nn = int(input())", "assert f() == 1"),
        ],
    )
    def test_what_an_honest_program_may_do(self, box: Sandbox, code: str, tests: str) -> None:
        assert check_tests(code, tests, ["f"], box) == ""

    def test_what_the_problem_gives_belongs_to_tests_and_program(self, box: Sandbox) -> None:
        given = "import math\ndef poly(xs, x): return sum(c * x ** i for i, c in enumerate(xs))"
        tests = "assert math.fabs(poly([1, 2], f([1, 2]))) < 1e-4"
        assert check_tests("def f(xs): return -poly([xs[0]], 0) / xs[1]", tests, ["f"], box, given=given) == ""
        assert check_tests("def f(xs): return 0.0", tests, ["f"], box, given=given) == "AssertionError"
        cheat = "def poly(xs, x): return 0\ndef f(xs): return 0.0"
        assert check_tests(cheat, tests, ["f"], box, given=given) == "AssertionError"

    def test_tests_that_call_nothing_are_wrong(self, box: Sandbox) -> None:
        assert check_tests("def f(): return 1", "assert True", ["f"], box) == "the tests never call the program"

    def test_details_are_short(self, box: Sandbox) -> None:
        assert check_tests("def f(): raise ValueError('x' * 10**6)", "f()", ["f"], box).startswith("ValueError: xxx")
        assert len(check_tests("def f(): raise ValueError('x' * 10**6)", "f()", ["f"], box)) <= 200
