"""Record what llama.cpp answers, so that a test compares with it where it is not installed.

Writes greedy continuations of the prompts of `benchmarks.llamacpp_agreement` by a GGUF file, as token ids.
"""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks import harness
from benchmarks.llamacpp_agreement import PROMPTS
from fathom.checkpoint.gguf.model import GGUFModel
from fathom.text.tokenizer.tokenizer import Tokenizer


def main() -> None:
    parser = harness.parser(__doc__)
    parser.add_argument("model", type=Path, help="the GGUF file")
    parser.add_argument("out", type=Path, help="the JSON file to write")
    parser.add_argument("--llama-python", required=True, help="interpreter that has llama-cpp-python")
    parser.add_argument("--count", type=int, default=32, help="tokens of each continuation")
    options = parser.parse_args()

    tokenizer = Tokenizer.from_gguf(GGUFModel(options.model).metadata)
    ids = [list(tokenizer.encode(text)) for text in PROMPTS]
    job = {"task": "greedy", "threads": options.threads, "prompts": ids, "count": options.count}
    job |= {"context": 512, "batches": [1], "model": str(options.model), "plain_buffers": True}
    answer = harness.ask_engine("llama_cpp", job, options.llama_python)
    continuations = [{"prompt": prompt, "tokens": tokens} for prompt, tokens in zip(ids, answer["tokens"], strict=True)]
    record = {"model": options.model.name, "engine": answer["version"], "continuations": continuations}
    options.out.write_text(json.dumps(record) + "\n")


if __name__ == "__main__":
    main()
