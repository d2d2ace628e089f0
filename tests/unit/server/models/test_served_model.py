"""The protocols of a served model: the real tokenizer and engine implement them."""

from __future__ import annotations

import inspect

from scripted import ScriptedEngine, scripted_model

from fathom.engine.engine import Engine
from fathom.engine.request import SamplingParams
from fathom.server.models.served_model import EngineClient, ServedModel, ServedVocabulary
from fathom.text.tokenizer.tokenizer import Tokenizer


def public(protocol: type) -> set[str]:
    return {name for name in (*vars(protocol), *protocol.__annotations__) if not name.startswith("_")}


def test_the_engine_and_its_double_have_the_methods_of_the_protocol():
    for name in public(EngineClient):
        wanted = inspect.signature(getattr(EngineClient, name)).parameters
        for engine in (Engine, ScriptedEngine):
            assert list(inspect.signature(getattr(engine, name)).parameters) == list(wanted), (engine, name)


def test_the_tokenizer_has_the_members_of_the_protocol():
    assert public(ServedVocabulary) == {
        *("vocab_size", "adds_bos", "special_ids", "encode", "decode", "token_bytes", "token_id", "detokenizer")
    }
    assert all(hasattr(Tokenizer, name) for name in public(ServedVocabulary) - {"vocab_size", "adds_bos"})


def test_defaults_are_neutral():
    scripted = scripted_model()
    served = ServedModel("m", scripted.engine, scripted.tokenizer, None, 10)
    assert served.sampling == SamplingParams()
    assert (served.aliases, served.thinking_switch) == (frozenset(), False)
    assert served.created > 1_700_000_000
