"""transformers' generate, with its dynamic cache: what most people run first."""

import time
from typing import Any

import protocol
import torch
import transformers


class Transformers:
    def __init__(self, job: dict[str, Any]) -> None:
        self.version = f"transformers {transformers.__version__}, torch {torch.__version__}"
        torch.set_num_threads(job["threads"])
        self._device = torch.device(job.get("device", "cpu"))
        transformers.logging.set_verbosity_error()
        dtype = getattr(torch, job["dtype"])
        self._model = (
            transformers.AutoModelForCausalLM.from_pretrained(job["model"], dtype=dtype).to(self._device).eval()
        )

    def prefill(self, prompt: list[int]) -> float:
        return self._generate([prompt], 1)[1]

    def decode(self, prompts: list[list[int]], count: int) -> float:
        """The time of 1 + count tokens less the time of 1: the same prompts, so the same prefill."""
        first = self._generate(prompts, 1)[1]
        return self._generate(prompts, 1 + count)[1] - first

    def greedy(self, prompt: list[int], count: int) -> list[int]:
        return self._generate([prompt], count)[0][0]

    @torch.inference_mode()
    def _generate(self, prompts: list[list[int]], count: int) -> tuple[list[list[int]], float]:
        ids = torch.tensor(prompts, device=self._device)
        began = time.perf_counter()
        out = self._model.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            do_sample=False,
            min_new_tokens=count,
            max_new_tokens=count,
            pad_token_id=0,
        )
        tokens = out[:, ids.shape[1] :].tolist()
        return tokens, time.perf_counter() - began


protocol.serve(Transformers)
