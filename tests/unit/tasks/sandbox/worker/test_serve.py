"""The helper process: its replies, one line each, and errors as replies."""

import json
import subprocess
import sys
from pathlib import Path

import fathom
from fathom.tasks.sandbox.worker import serve

SOURCE = str(Path(fathom.__file__).parents[1])


def test_an_exception_is_a_reply() -> None:
    assert serve._reply(lambda request: request + 1, 2) == {"value": 3}
    reply = serve._reply(lambda request: 1 / 0, 2)
    assert reply == {"error": "ZeroDivisionError: division by zero"}
    assert len(serve._reply(lambda request: {}["x" * 999], 2)["error"]) == 300


def test_requests_are_answered_in_order(tmp_path: Path) -> None:
    (tmp_path / "library.py").write_text(
        "print('loading')\ndef answer(request):\n    print(request)\n    return request * 2\n"
    )
    settings = {"module": "library", "memory_bytes": 4 * 2**30, "readable": ["/usr", "/lib", str(tmp_path)]}
    code = (
        f"import sys; sys.path[:0] = [{SOURCE!r}, {str(tmp_path)!r}]; "
        "from fathom.tasks.sandbox.worker import serve; serve.main(sys.argv[1])"
    )
    command = [sys.executable, "-B", "-c", code, json.dumps(settings)]
    done = subprocess.run(command, input='3\n"ab"\nnull\n', capture_output=True, text=True, check=False, timeout=60)
    first, *replies = done.stdout.splitlines()
    assert first == serve.READY
    assert [json.loads(line) for line in replies[:2]] == [{"value": 6}, {"value": "abab"}]
    assert "TypeError" in json.loads(replies[2])["error"]
