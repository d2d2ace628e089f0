"""Settings and a checkpoint's recommended sampling, converted for the engine."""

from __future__ import annotations

from dataclasses import replace

import pytest
from made_models import local_model, make_directory
from scripted import ByteTokenizer, instantly, scripted_model

from fathom.base.errors import ModelNotFoundError
from fathom.checkpoint.hub.registry import EMBEDDED
from fathom.engine.config import EngineConfig
from fathom.engine.request import SamplingParams
from fathom.server.models.loading import (
    chat_of,
    engine_config,
    find_others,
    loader,
    loader_of,
    recommended_sampling,
    registry_of,
)
from fathom.server.models.runtime import Runtime
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


def test_other_models_than_the_one_that_settings_name(tmp_path, monkeypatch):
    monkeypatch.setenv("FATHOM_HOME", str(tmp_path))
    runs = tmp_path / "runs"
    mine = make_directory(runs / "a" / "final")
    assert list(find_others(Settings(runs_dir=runs))) == [mine.as_posix()]
    assert list(find_others(Settings(model=str(mine), runs_dir=runs))) == [EMBEDDED]
    assert set(find_others(Settings(model="gone", runs_dir=runs))) == {EMBEDDED, mine.as_posix()}


def test_another_model_is_loaded_from_its_place_under_its_own_name(tmp_path):
    settings = Settings(model="served", served_name="alias", max_context=7)
    (run,) = loader_of(settings, local_model("runs/a/final")).args
    assert (run.model, run.served_name, run.max_context) == ("runs/a/final", "runs/a/final", 7)
    pulled = replace(local_model("qwen3-0.6b"), path=tmp_path / "Qwen--Qwen3-0.6B", origin="pulled")
    (by_name,) = loader_of(settings, pulled).args  # by which the model card's advice is found
    assert by_name.model == "qwen3-0.6b"


async def test_which_models_a_server_has():
    chosen = Runtime(instantly(scripted_model()))
    assert registry_of(Settings(), chosen).served is chosen
    assert await registry_of(Settings(), chosen).local_models() == {}
    assert await registry_of(Settings(on_demand=False)).local_models() == {}
    assert EMBEDDED in await registry_of(Settings(model="qwen3-0.6b")).local_models()
