"""A served model without weights: an engine that plays scripted completions, over a vocabulary of single bytes.

Rendering and parsing of chats are the real ones: only the sampled tokens are scripted.
"""

from __future__ import annotations

import asyncio
import codecs
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from dataclasses import dataclass, field

from fathom.base.errors import ContextLengthError, GenerationError
from fathom.engine.request import Chunk, EngineStats, Request, TokenLogprob
from fathom.server.models.served_model import Progress, ServedModel
from fathom.text.conversation import Chat
from fathom.text.template.template import ChatTemplate
from fathom.types import FinishReason

EOS = 256
MARKS = ("<|im_start|>", "<|im_end|>", "<think>", "</think>", "<tool_call>", "</tool_call>")

CHATML = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% if enable_thinking %}<think>\n{% endif %}{% endif %}"
)


class ByteTokenizer:
    """Token ``i`` is byte ``i``; 256 ends a turn. Markers are plain bytes, so every split of them occurs."""

    vocab_size = 257
    adds_bos = False
    bos_id = None
    eos_ids = frozenset({EOS})
    special_ids = frozenset({EOS})
    added_tokens = ()  # marks are plain text here

    def encode(self, text: str, *, bos: bool = False, special: bool = True, continues: bool = False) -> list[int]:
        return list(text.encode())

    def decode(self, ids: Iterable[int], *, skip_special: bool = True) -> str:
        return b"".join(map(self.token_bytes, ids)).decode("utf-8", "replace")

    def token_bytes(self, token_id: int) -> bytes:
        return b"" if token_id == EOS else bytes([token_id])

    def token_id(self, token: str) -> int | None:
        return EOS if token in MARKS else None

    def detokenizer(self, *, skip_special: bool = True) -> ByteStream:
        return ByteStream()


class ByteStream:
    """Text of a stream of these tokens, in whole characters."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def push(self, token_id: int) -> str:
        return self._decoder.decode(ByteTokenizer().token_bytes(token_id))

    def flush(self) -> str:
        return self._decoder.decode(b"", final=True)


@dataclass
class Script:
    """One completion: ``text`` in pieces of ``step`` characters, each waiting for ``gate`` where there is one."""

    text: str = "Hello there."
    step: int = 1
    finish: FinishReason = "stop"
    cached: int = 0
    gate: asyncio.Event | None = None
    error: Exception | None = None
    late_error: Exception | None = None


@dataclass
class ScriptedEngine:
    """Plays ``scripts`` in turn, then the last one repeatedly; choice ``i`` of ``n`` ends with its index."""

    scripts: Sequence[Script] = field(default_factory=lambda: [Script()])
    max_context: int = 4096
    requests: list[Request] = field(default_factory=list)
    running: int = 0
    finished: int = 0
    cancelled: int = 0
    closed: bool = False

    def reset(self, scripts: Sequence[Script]) -> None:
        """Reset all counters and play these scripts."""
        assert self.running == 0
        self.scripts = scripts or [Script()]
        self.requests.clear()
        self.finished = self.cancelled = 0

    async def submit(self, request: Request) -> AsyncGenerator[Chunk, None]:
        script = self.scripts[min(len(self.requests), len(self.scripts) - 1)]
        self.requests.append(request)
        if len(request.prompt) >= self.max_context:
            raise ContextLengthError(
                f"the prompt has {len(request.prompt)} tokens, the context holds {self.max_context}",
                "shorten it",
                "prompt",
            )
        if script.error is not None:
            raise script.error
        return self._stream(script, request)

    async def _stream(self, script: Script, request: Request) -> AsyncGenerator[Chunk, None]:
        self.running += 1
        complete = False
        try:
            for index in range(request.sampling.n):
                async for chunk in self._play(script, request, index):
                    yield chunk
            complete = True
        finally:
            self.running -= 1
            self.finished += complete
            self.cancelled += not complete

    async def _play(self, script: Script, request: Request, index: int) -> AsyncGenerator[Chunk, None]:
        text = script.text + (f"#{index}" if request.sampling.n > 1 else "")
        limit = request.sampling.max_tokens
        finish: FinishReason = script.finish
        done, rest = _resume(text, request.completion)
        text = done + rest
        if limit is not None and limit < len(text):
            text, finish = text[:limit], "length"
        if request.completion:
            ended = request.completion[-1] == EOS or (finish == "length" and len(done) >= len(text))
            reason = (finish if finish == "length" else "stop") if ended else None
            spans = _spans(done, 0) + ((len(done), len(done)),) * (request.completion[-1] == EOS)
            yield Chunk(index, done, request.completion, finish_reason=reason, spans=spans)
            if ended:
                return
        scores = _logprobs(request.prompt[1:], request.sampling.logprobs) if request.prompt_logprobs else ()
        for start in range(len(done), len(text), script.step):
            while script.gate is not None and not script.gate.is_set():
                if self.closed:
                    raise GenerationError("the engine was closed", "start it again")
                await asyncio.sleep(0.002)
            await asyncio.sleep(0)
            piece = text[start : start + script.step]
            yield Chunk(
                index,
                piece,
                tuple(piece.encode()),
                _logprobs(piece.encode(), request.sampling.logprobs),
                cached_tokens=script.cached,
                prompt_logprobs=scores,
                spans=_spans(piece, start),
            )
            scores = ()
        if script.late_error is not None:
            raise script.late_error
        ids = (EOS,) if finish == "stop" else ()
        ends = _logprobs(ids, request.sampling.logprobs)
        spans = ((len(text), len(text)),) * len(ids)
        yield Chunk(index, "", ids, ends, finish, script.cached, scores, spans)

    def stats(self) -> EngineStats:
        return EngineStats(0, self.running, 100, 100 - self.running, 0, 0, 0, self.finished)

    def close(self) -> None:
        self.closed = True


def _resume(text: str, completion: tuple[int, ...]) -> tuple[str, str]:
    """What was generated of ``text`` before, and what follows; after a thinking that was closed early, the answer."""
    done = bytes(token for token in completion if token != EOS).decode()
    if text.startswith(done):
        return done, text[len(done) :]
    answer, said = (one.rpartition("</think>")[2].lstrip("\n") for one in (text, done))
    return done, answer[len(said) :]


def _logprobs(ids: Iterable[int], alternatives: int | None) -> tuple[TokenLogprob, ...]:
    if alternatives is None:
        return ()
    return tuple(
        TokenLogprob(token, -0.5, tuple(((token + i) % 256, -0.5 - i) for i in range(alternatives))) for token in ids
    )


def _spans(piece: str, start: int) -> tuple[tuple[int, int], ...]:
    """One for each byte of ``piece``, which begins at character ``start``: the last byte completes a character."""
    spans: list[tuple[int, int]] = []
    for place, character in enumerate(piece, start):
        *parts, _ = character.encode()
        spans += [(place, place)] * len(parts) + [(place, place + 1)]
    return tuple(spans)


def scripted_model(*scripts: Script, template: str = CHATML, **options: object) -> ServedModel:
    """A model whose engine (``.engine``) plays ``scripts``."""
    tokenizer = ByteTokenizer()
    engine = ScriptedEngine(scripts or [Script()])
    chat = Chat(tokenizer, ChatTemplate(template))  # type: ignore[arg-type]
    return ServedModel("scripted", engine, tokenizer, chat, engine.max_context, created=1_700_000_000, **options)  # type: ignore[arg-type]


def instantly(served: ServedModel) -> Callable[[Progress], ServedModel]:
    """A load function for a Runtime that returns a ready model."""
    return lambda progress: served
