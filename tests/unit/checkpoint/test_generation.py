"""Sampling defaults from a model's files."""

from typing import Any

import pytest

from fathom.base.errors import CheckpointError
from fathom.checkpoint.generation import GenerationDefaults, from_generation_config, from_gguf


def test_the_published_file_of_a_distill() -> None:
    values = {"_from_model_config": True, "bos_token_id": 151646, "eos_token_id": 151643, "do_sample": True}
    read = from_generation_config(values | {"temperature": 0.6, "top_p": 0.95}, frozenset({7}))
    assert read == GenerationDefaults(temperature=0.6, top_p=0.95, eos_ids=frozenset({7, 151643}))


def test_several_end_tokens_and_top_k() -> None:
    values = {"do_sample": True, "temperature": 0.6, "top_k": 20, "top_p": 0.95, "eos_token_id": [1, 2]}
    read = from_generation_config(values, frozenset())
    assert read == GenerationDefaults(temperature=0.6, top_k=20, top_p=0.95, eos_ids=frozenset({1, 2}))


def test_no_sampling_means_greedy() -> None:
    assert from_generation_config({"do_sample": False, "temperature": 0.9}, frozenset()) == GenerationDefaults(
        temperature=0.0
    )


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"top_k": -1}, GenerationDefaults()),
        ({"top_k": 0}, GenerationDefaults(top_k=0)),
        ({"top_p": 1.5}, GenerationDefaults(top_p=1.0)),
    ],
)
def test_a_filter_that_is_off_is_no_error(values: dict[str, Any], expected: GenerationDefaults) -> None:
    """-1 is vLLM's word for it; a share above 1 keeps every token."""
    assert from_generation_config(values, frozenset()) == expected


@pytest.mark.parametrize(
    "values",
    [
        {"do_sample": False},
        {"do_sample": True, "temperature": 0.6, "top_p": 0.95},
        {"do_sample": True, "top_k": 20, "min_p": 0.05, "repetition_penalty": 1.1},
        {"repetition_penalty": 1.1},
        {},
    ],
)
def test_what_authors_advise_is_written_as_it_was_read(values: dict[str, Any]) -> None:
    assert from_generation_config(values, frozenset()).as_config() == values


def test_an_empty_file_says_nothing() -> None:
    assert from_generation_config({}, frozenset()) == GenerationDefaults()


def test_gguf_keys() -> None:
    metadata = {"general.sampling.temp": 0.6000000238418579, "general.sampling.top_k": 20}
    assert from_gguf(metadata, frozenset({2})) == GenerationDefaults(temperature=0.6, top_k=20, eos_ids=frozenset({2}))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"temperature": "hot"}, "temperature is 'hot'; it must be a number that is not negative"),
        ({"top_p": -1}, "top_p is -1; it must be a number"),
        ({"temperature": float("nan")}, "temperature is nan"),
        ({"eos_token_id": "<end>"}, "eos_token_id is '<end>'; it must be a token id or a list of them"),
    ],
)
def test_values_that_make_no_sense(values: dict[str, Any], message: str) -> None:
    with pytest.raises(CheckpointError, match=message):
        from_generation_config(values, frozenset())
