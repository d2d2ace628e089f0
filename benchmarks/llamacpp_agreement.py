"""Whether Fathom and llama.cpp say the same: greedy continuations of 20 prompts at the same quantization.

The measure is how many of the prompts agree for at least 32 tokens. The F32 file is written by our own writer from the
dequantized embedded model, so this also shows that llama.cpp reads what we write. The quantized files are extra: there
llama.cpp multiplies 8-bit activations while Fathom dequantizes, and near ties may fall the other way.
"""

from __future__ import annotations

import sys

from benchmarks import harness, weights
from benchmarks.harness import Json

PROMPTS = (
    "The capital of France is",
    "Once upon a time, in a village by the sea,",
    "def fibonacci(n):\n",
    "The three laws of thermodynamics are",
    "To make a good cup of tea, first",
    "In 1969, the first humans",
    "Water boils at",
    "The difference between a list and a tuple in Python is",
    "Dear Sir or Madam,\n\nI am writing to",
    "The quick brown fox",
    "Photosynthesis is the process by which",
    "SELECT name, COUNT(*) FROM",
    "My favorite book is",
    "The square root of 144 is",
    "Berlin ist die Hauptstadt von",
    "A prime number is a number that",
    "When the rain stopped, she",
    "1, 1, 2, 3, 5, 8,",
    "The main causes of the First World War were",
    "<html>\n<head>\n<title>",
)
WANTED = 18


def main() -> None:
    parser = harness.parser(__doc__)
    parser.add_argument("--llama-python", required=True, help="interpreter that has llama-cpp-python")
    parser.add_argument("--count", type=int, default=32, help="tokens that must agree")
    parser.add_argument("--prompts", type=int, default=len(PROMPTS), help="how many of the prompts")
    options = parser.parse_args()

    before = harness.environment()
    texts = PROMPTS[: options.prompts]
    ids = [weights.tokenizer().encode(text) for text in texts]
    job = {"task": "greedy", "threads": options.threads, "prompts": ids, "count": options.count}
    job |= {"context": 512, "batches": [1], "dtype": "float32"}
    results: Json = {}
    files = {"F32": weights.gguf("F32"), "Q4_1 (extra)": weights.embedded(), "Q8_0 (extra)": weights.gguf("Q8_0")}
    for kind, path in files.items():
        print(f"comparing {kind} …", file=sys.stderr)
        ours = harness.ask_engine("fathom", job | {"model": str(path)})
        theirs = harness.ask_engine("llama_cpp", job | {"model": str(path)}, options.llama_python)
        agreed = [agreement(a, b) for a, b in zip(ours["tokens"], theirs["tokens"], strict=True)]
        results[kind] = {
            "prompts": len(texts),
            "agree_throughout": sum(length == options.count for length in agreed),
            "first_difference": {
                text: length for text, length in zip(texts, agreed, strict=True) if length < options.count
            },
            "versions": [ours["version"], theirs["version"]],
        }
    configuration = {"count": options.count, "prompts": list(texts), "threads": options.threads, "dtype": "float32"}
    harness.write("llamacpp-agreement", configuration, results, options, before)
    rows = [[kind, f"{entry['agree_throughout']} of {entry['prompts']}"] for kind, entry in results.items()]
    print(harness.table(rows))
    if len(texts) == len(PROMPTS) and results["F32"]["agree_throughout"] < WANTED:
        raise SystemExit(f"fewer than {WANTED} prompts agree")


def agreement(ours: list[int], theirs: list[int]) -> int:
    """How many tokens agree from the start."""
    for position, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        if a != b:
            return position
    return len(ours)


if __name__ == "__main__":
    main()
