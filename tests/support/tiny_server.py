"""``python -m tiny_server --port N``: the server over a tiny random model of bytes, for tests that kill a process.

It thinks where that is asked for, until the budget is spent: by itself a random model never ends a thought."""

from __future__ import annotations

import sys

import torch
from scripted import CHATML, ByteStream, ByteTokenizer
from tiny_models import dense_config

from fathom.engine.config import EngineConfig
from fathom.engine.engine import Engine
from fathom.model.transformer import Transformer
from fathom.server.models.runtime import Runtime
from fathom.server.models.served_model import Progress, ServedModel
from fathom.server.serve import serve
from fathom.server.settings import Settings
from fathom.text.conversation import Chat
from fathom.text.template.template import ChatTemplate


class Vocabulary(ByteTokenizer):
    def detokenizer(self, *, continues: bool = False, skip_special: bool = True) -> ByteStream:
        return ByteStream()


def load(progress: Progress) -> ServedModel:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    model = Transformer(dense_config(vocab_size=257, max_position=2048, num_layers=4)).eval().requires_grad_(False)
    tokenizer = Vocabulary()
    engine = Engine(model, tokenizer, EngineConfig(cache_bytes=1 << 24))
    engine.start()
    chat = Chat(tokenizer, ChatTemplate(CHATML))  # type: ignore[arg-type]
    return ServedModel("tiny", engine, tokenizer, chat, engine.max_context, thinking_switch=True)


if __name__ == "__main__":
    serve(Settings(port=int(sys.argv[2]), log_level="error"), runtime=Runtime(load))
