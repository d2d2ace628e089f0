"""Fathom's engine exactly as ``fathom serve`` builds it, driven through its asyncio front."""

import asyncio
import time
from typing import Any

import protocol

from fathom import __version__
from fathom.base.progress import silent
from fathom.base.threads import configure_serving_threads
from fathom.cli.options import settings
from fathom.engine.request import Request, SamplingParams
from fathom.server.models.loading import loader

SLACK = 1.5
"""Sequences whose prompt is read first are ahead; this many times the tokens lets all decode together long enough."""


class Fathom:
    def __init__(self, job: dict[str, Any]) -> None:
        configure_serving_threads()
        import torch  # noqa: PLC0415 - after the line above, as in `fathom serve`

        self.version = f"fathom {__version__}, torch {torch.__version__}"
        torch.set_num_threads(job["threads"])
        chosen = settings(
            model=job["model"],
            dtype=job["dtype"],
            device=job.get("device"),
            max_sequences=max(job["batches"]),
            log_level="error",
        )
        self._engine = loader(chosen)(silent).engine
        self._runner = asyncio.Runner()

    def prefill(self, prompt: list[int]) -> float:
        began = time.perf_counter()
        self._runner.run(self._arrivals(prompt, 1))
        return time.perf_counter() - began

    def decode(self, prompts: list[list[int]], count: int) -> float:
        """The rate while every sequence decodes: from the last one's first token to the first one's last."""
        arrivals = self._runner.run(self._together(prompts, 1 + round(count * SLACK)))
        begin = max(times[0] for times in arrivals)
        end = min(times[-1] for times in arrivals)
        inside = sum(begin < moment <= end for times in arrivals for moment in times)
        return (end - begin) * len(prompts) * count / inside

    def greedy(self, prompt: list[int], count: int) -> list[int]:
        return [token for token, _ in self._runner.run(self._stream(prompt, count))]

    async def _together(self, prompts: list[list[int]], count: int) -> list[list[float]]:
        return await asyncio.gather(*(self._arrivals(prompt, count) for prompt in prompts))

    async def _arrivals(self, prompt: list[int], count: int) -> list[float]:
        return [moment for _, moment in await self._stream(prompt, count)]

    async def _stream(self, prompt: list[int], count: int) -> list[tuple[int, float]]:
        """Each token and when it came."""
        request = Request(tuple(prompt), SamplingParams(temperature=0, max_tokens=count, ignore_eos=True))
        tokens: list[tuple[int, float]] = []
        async for chunk in self._engine.generate(request):
            now = time.perf_counter()
            tokens += [(token, now) for token in chunk.token_ids]
        return tokens


protocol.serve(Fathom)
