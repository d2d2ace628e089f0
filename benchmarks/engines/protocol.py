"""What a measured engine and its measurer say to each other: one JSON object in, one out.

Every engine runs in a process of its own, so that threads, allocators and caches of one never touch another, and its
resident memory is its own. This file is imported by interpreters that have nothing but the standard library and the
engine in common, so it imports nothing else.

A job is ``{"task": "speed" | "greedy", "model", "dtype", "threads", …}``; the answer is the last line of its output.
"""

import json
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

FIRST_ORDINARY_ID = 100
"""Below it SmolLM2 keeps its special tokens."""


class Engine(Protocol):
    """What each engine offers. A prompt is a list of token ids; end tokens are ignored."""

    version: str

    def prefill(self, prompt: list[int]) -> float:
        """Seconds from the prompt to its first token."""

    def decode(self, prompts: list[list[int]], count: int) -> float:
        """Seconds for ``count`` further tokens of every prompt together, after the first of each."""

    def greedy(self, prompt: list[int], count: int) -> list[int]:
        """The likeliest continuation."""


def token_ids(count: int, vocab: int, seed: int) -> list[int]:
    """Ordinary tokens, the same for every engine; no two seeds share a prefix, so no prefix cache can help."""
    choose = random.Random(seed)
    return [choose.randrange(FIRST_ORDINARY_ID, vocab) for _ in range(count)]


def memory() -> dict[str, int]:
    """Resident bytes of this process, now and at its highest."""
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return {name: int(fields[key].split()[0]) * 1024 for name, key in (("rss", "VmRSS"), ("peak_rss", "VmHWM"))}


def serve(load: Callable[[dict[str, Any]], Engine]) -> None:
    """Read the job, do it, print the answer."""
    job = json.load(sys.stdin)
    began = time.perf_counter()
    engine = load(job)
    answer: dict[str, Any] = {"version": engine.version, "load_s": time.perf_counter() - began}
    answer |= speed(engine, job) if job["task"] == "speed" else {"tokens": greedy(engine, job)}
    print(json.dumps(answer | memory()), flush=True)


def speed(engine: Engine, job: dict[str, Any]) -> dict[str, Any]:
    """Tokens a second: ``prefill`` and, for each batch size, ``decode``. One unmeasured round warms up."""
    vocab, repeats = job["vocab"], job["repeats"]
    seeds = iter(range(1, 1_000_000))

    def prompt(length: int) -> list[int]:
        return token_ids(length, vocab, next(seeds))

    engine.prefill(prompt(job["prefill"]))
    prefill = [job["prefill"] / engine.prefill(prompt(job["prefill"])) for _ in range(repeats)]
    decode = {}
    for batch in job["batches"]:
        engine.decode([prompt(job["prompt"]) for _ in range(batch)], min(8, job["decode"]))
        runs = [engine.decode([prompt(job["prompt"]) for _ in range(batch)], job["decode"]) for _ in range(repeats)]
        decode[str(batch)] = [batch * job["decode"] / seconds for seconds in runs]
    return {"prefill": prefill, "decode": decode}


def greedy(engine: Engine, job: dict[str, Any]) -> list[list[int]]:
    """The continuation of every prompt."""
    return [engine.greedy(prompt, job["count"]) for prompt in job["prompts"]]
