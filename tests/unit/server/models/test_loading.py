"""Settings and a checkpoint's recommended sampling, converted for the engine."""

from __future__ import annotations

import pytest
from scripted import ByteTokenizer

from fathom.base.errors import ModelNotFoundError
from fathom.engine.config import EngineConfig
from fathom.engine.request import SamplingParams
from fathom.server.models.loading import chat_of, engine_config, loader, recommended_sampling
from fathom.server.settings import Settings
from fathom.text.template.template import ChatTemplate


def test_unset_settings_keep_the_engines_defaults():
    assert engine_config(Settings()) == EngineConfig(max_sequences=32, max_queue=256)
    chosen = Settings(max_context=100, max_sequences=2, max_queue=0, max_batch_tokens=64, cache_bytes=1000)
    assert engine_config(chosen) == EngineConfig(
        max_context=100, max_sequences=2, max_queue=0, max_batch_tokens=64, cache_bytes=1000
    )


def test_recommended_sampling():
    assert recommended_sampling({"temperature": None, "eos_ids": frozenset()}) == SamplingParams()
    advice = {"temperature": 0.6, "top_p": 0.95, "top_k": None, "eos_ids": frozenset({9, 2})}
    assert recommended_sampling(advice) == SamplingParams(temperature=0.6, top_p=0.95, stop_token_ids=(2, 9))


class Bare(ByteTokenizer):
    def token_id(self, token: str) -> None:
        return None


def test_a_model_without_a_template_continues_text():
    assert chat_of(Bare(), None) is None
    assert chat_of(ByteTokenizer(), None).dialect.name == "chatml"


def test_a_template_of_its_own_is_used():
    chat = chat_of(Bare(), ChatTemplate("{{ enable_thinking }}"))
    assert chat.template.variables == {"enable_thinking"}


def test_a_model_that_is_not_there(tmp_path):
    with pytest.raises(ModelNotFoundError):
        loader(Settings(model=str(tmp_path / "nothing")))(lambda text, fraction: None)
