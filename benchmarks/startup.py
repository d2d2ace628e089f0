"""Startup time: from starting ``fathom serve`` to the page, to a ready model, to the first token.

The clock starts before the process. The page is polled every few milliseconds; memory is read after the first answer.
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import harness
from benchmarks.harness import Json, median

TIMEOUT_S = 300.0


def main() -> None:
    parser = harness.parser(__doc__)
    parser.add_argument("--model", help="name or path; default: the embedded model")
    options = parser.parse_args()

    harness.warn_unless_quiet()
    before = harness.environment()
    runs = [measure(options.model, options.threads) for _ in range(options.repeats)]
    results = {
        "first_page_s": round(median(run["first_page_s"] for run in runs), 3),
        "ready_s": round(median(run["ready_s"] for run in runs), 3),
        "first_token_s": round(median(run["first_token_s"] for run in runs), 3),
        "rss_bytes": round(median(run["rss_bytes"] for run in runs)),
        "runs": runs,
    }
    configuration = {"model": options.model, "threads": options.threads, "repeats": options.repeats}
    harness.write("startup", configuration, results, options, before)
    print(harness.table([[key, str(value)] for key, value in results.items() if key != "runs"]))


def measure(model: str | None, threads: int) -> Json:
    """One start, one question, one stop. Times in seconds from the start of the process."""
    port = harness.free_port()
    command = [sys.executable, "-m", "fathom.cli.main", "serve", "--port", str(port), "--log-level", "error"]
    command += ["--model", model] if model else []
    environ = {**os.environ, "OMP_NUM_THREADS": str(threads), "PYTHONPATH": str(harness.ROOT / "src")}
    began = time.perf_counter()
    process = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL)
    try:
        wait(process, lambda: get(port, "/")[0] == 200)
        first_page = time.perf_counter() - began
        wait(process, lambda: is_ready(port))
        ready = time.perf_counter() - began
        requested = time.perf_counter()
        first_token = ask(port) - requested
        return {
            "first_page_s": first_page,
            "ready_s": ready,
            "first_token_s": ready + first_token,
            "request_to_first_token_s": first_token,
            "rss_bytes": resident(process.pid),
        }
    finally:
        process.terminate()
        process.wait(timeout=60)


def wait(process: subprocess.Popen[bytes], condition: Callable[[], bool]) -> None:
    """Wait until the condition holds; exits where the server has ended or the time is over."""
    deadline = time.monotonic() + TIMEOUT_S
    while not condition():
        if process.poll() is not None:
            raise SystemExit(f"fathom serve ended with code {process.returncode}")
        if time.monotonic() > deadline:
            raise SystemExit(f"fathom serve was not ready after {TIMEOUT_S:.0f} s")
        time.sleep(0.005)


def get(port: int, path: str) -> tuple[int, bytes]:
    """Status and body; status 0 where the connection fails."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read()
    except OSError:
        return 0, b""
    finally:
        connection.close()


def is_ready(port: int) -> bool:
    status, body = get(port, "/health")
    return status == 200 and json.loads(body)["status"] == "ready"


def ask(port: int) -> float:
    """Request a short answer, read it to its end, and return the time of its first text."""
    body = {"messages": [{"role": "user", "content": "Hello!"}], "stream": True, "max_tokens": 8, "temperature": 0}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    connection.request("POST", "/v1/chat/completions", json.dumps(body), {"Content-Type": "application/json"})
    response = connection.getresponse()
    if response.status != 200:
        raise SystemExit(f"the server answered {response.status}: {response.read().decode()}")
    moment = None
    for line in response:
        if moment is None and line.startswith(b"data: {"):
            delta = json.loads(line[6:])["choices"][0]["delta"]
            if delta.get("content") or delta.get("reasoning_content"):
                moment = time.perf_counter()
    connection.close()
    if moment is None:
        raise SystemExit("the server answered without any text")
    return moment


def resident(pid: int) -> int:
    """Resident bytes of the server."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise SystemExit("/proc does not report the memory of the process")


if __name__ == "__main__":
    main()
