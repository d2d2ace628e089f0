"""llama.cpp through the low-level interface of llama-cpp-python, whose high-level one decodes a single sequence."""

import ctypes
import time
from typing import Any

import llama_cpp
import numpy as np
import protocol


class LlamaCpp:
    def __init__(self, job: dict[str, Any]) -> None:
        self.version = f"llama-cpp-python {llama_cpp.__version__}"
        llama_cpp.llama_backend_init()
        self._quiet = llama_cpp.llama_log_callback(lambda *_: None)
        llama_cpp.llama_log_set(self._quiet, None)
        loading = llama_cpp.llama_model_default_params()
        loading.use_extra_bufts = not job.get("plain_buffers")  # AMX's, which not every virtual machine lets it use
        self._model = llama_cpp.llama_model_load_from_file(job["model"].encode(), loading)
        if not self._model:
            raise SystemExit(f"llama.cpp cannot load {job['model']}")
        self._vocab_size = llama_cpp.llama_vocab_n_tokens(llama_cpp.llama_model_get_vocab(self._model))
        params = llama_cpp.llama_context_default_params()
        params.n_ctx = job["context"]
        params.n_batch = params.n_ubatch = 512
        params.n_seq_max = max(job["batches"])
        params.n_threads = params.n_threads_batch = job["threads"]
        params.kv_unified = True
        self._context = llama_cpp.llama_init_from_model(self._model, params)
        self._batch = llama_cpp.llama_batch_init(512, 0, 1)

    def prefill(self, prompt: list[int]) -> float:
        self._clear()
        began = time.perf_counter()
        self._prompt(0, prompt)
        self._likeliest(-1)
        return time.perf_counter() - began

    def decode(self, prompts: list[list[int]], count: int) -> float:
        self._clear()
        tokens = []
        for sequence, prompt in enumerate(prompts):
            self._prompt(sequence, prompt)
            tokens.append(self._likeliest(-1))
        began = time.perf_counter()
        for step in range(count):
            position = len(prompts[0]) + step
            self._run([(token, position, sequence, True) for sequence, token in enumerate(tokens)])
            tokens = [self._likeliest(row) for row in range(len(tokens))]
        return time.perf_counter() - began

    def greedy(self, prompt: list[int], count: int) -> list[int]:
        self._clear()
        self._prompt(0, prompt)
        tokens = [self._likeliest(-1)]
        while len(tokens) < count:
            self._run([(tokens[-1], len(prompt) + len(tokens) - 1, 0, True)])
            tokens.append(self._likeliest(-1))
        return tokens

    def _clear(self) -> None:
        llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(self._context), True)

    def _prompt(self, sequence: int, prompt: list[int]) -> None:
        for start in range(0, len(prompt), 512):
            chunk = prompt[start : start + 512]
            last = len(prompt) - 1
            self._run([(token, start + i, sequence, start + i == last) for i, token in enumerate(chunk)])

    def _run(self, entries: list[tuple[int, int, int, bool]]) -> None:
        """One step over (token, position, sequence, whether its logits are wanted)."""
        batch = self._batch
        batch.n_tokens = len(entries)
        for i, (token, position, sequence, wanted) in enumerate(entries):
            batch.token[i], batch.pos[i], batch.logits[i] = token, position, wanted
            batch.n_seq_id[i], batch.seq_id[i][0] = 1, sequence
        if code := llama_cpp.llama_decode(self._context, batch):
            raise SystemExit(f"llama_decode returned {code}")

    def _likeliest(self, row: int) -> int:
        logits = llama_cpp.llama_get_logits_ith(self._context, row)
        pointer = ctypes.cast(logits, ctypes.POINTER(ctypes.c_float))
        return int(np.ctypeslib.as_array(pointer, (self._vocab_size,)).argmax())


protocol.serve(LlamaCpp)
