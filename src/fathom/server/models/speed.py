"""How fast a model decodes on this machine: measured by a short real completion, and kept."""

from __future__ import annotations

import json
import logging
import os
import platform
import time
from collections.abc import Callable, Mapping
from contextlib import aclosing
from pathlib import Path

from fathom import __version__
from fathom.engine.request import Request, SamplingParams
from fathom.server.models.served_model import ServedModel

logger = logging.getLogger(__name__)

TOKENS = 48
PROMPT = "Tell me about the sea, the sky and the mountains. "


async def measure_speed(served: ServedModel, clock: Callable[[], float] = time.perf_counter) -> float:
    """Tokens a second of one completion, from its first token to its last."""
    prompt = tuple(served.tokenizer.encode(PROMPT, bos=served.tokenizer.adds_bos))
    request = Request(prompt, SamplingParams(temperature=0.0, max_tokens=TOKENS, ignore_eos=True))
    first = last = 0.0
    tokens = 0
    async with aclosing(await served.engine.submit(request)) as chunks:
        async for chunk in chunks:
            last = clock()
            if not tokens:
                first = last
                tokens = 1  # those of the first chunk are part of the prefill
            else:
                tokens += len(chunk.token_ids)
    return (tokens - 1) / (last - first) if last > first else 0.0


class SpeedFile:
    """Measured speeds in a file: of this machine and this version only, since both change them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._key = f"{platform.node()} {os.cpu_count()} {__version__}"

    def all(self) -> Mapping[str, float]:
        """Tokens a second by model."""
        speeds = self._read().get(self._key)
        return {str(k): v for k, v in speeds.items() if isinstance(v, float)} if isinstance(speeds, dict) else {}

    def keep(self, model: str, speed: float) -> None:
        """Store a speed; a disk that takes none costs the number and nothing else."""
        content = self._read()
        content[self._key] = {**self.all(), model: round(speed, 2)}
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            draft = self._path.with_suffix(".new")
            draft.write_text(json.dumps(content, indent=1), encoding="utf-8")
            draft.replace(self._path)
        except OSError as error:
            logger.warning("the speed of %s could not be stored: %s", model, error)

    def _read(self) -> dict[str, object]:
        try:
            content = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}
