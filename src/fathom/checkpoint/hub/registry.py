"""Models worth having, by short name: what ``fathom pull NAME`` offers.

A short list by intent. Each entry has a licence that lets a person use it, an architecture that we load, and weights in
safetensors from the model's own authors. Any other repository can be pulled by its full name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from fathom.base.errors import ModelNotFoundError

GB = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Recommended:
    """A model by its short name.

    ``repo`` is its name on the hub, ``download_bytes`` what a pull fetches, ``memory_bytes`` what running it in
    bfloat16 takes, with a conversation of a few thousand tokens. ``stored`` is the number type of its files.
    ``preset`` names the configuration in ``fathom.model.presets``, where there is one. ``temperature`` and ``top_p``
    are what the model's card advises, where its files say nothing. ``revision`` is the commit that was checked and is
    fetched; None: the newest.
    """

    name: str
    repo: str
    license: str
    download_bytes: int
    memory_bytes: int
    purpose: str
    preset: str | None = None
    stored: Literal["bfloat16", "float8_e4m3fn", "gguf"] = "bfloat16"
    temperature: float | None = None
    top_p: float | None = None
    revision: str | None = None


EMBEDDED = "smollm2-135m-instruct"
"""The model that comes with the installation; see ``fathom.checkpoint.resolve.find_embedded``."""


def _entry(
    name: str, repo: str, license_: str, download: float, memory: float, purpose: str, preset: str | None = None
) -> Recommended:
    return Recommended(name, repo, license_, round(download * GB), round(memory * GB), purpose, preset)


_DISTILL = "deepseek-ai/DeepSeek-R1-Distill-"

_MODELS = (
    Recommended(
        name=EMBEDDED,
        repo="HuggingFaceTB/SmolLM2-135M-Instruct",
        license="apache-2.0",
        download_bytes=0,
        memory_bytes=GB,
        purpose="the first conversation: comes with the installation, works offline, knows little",
        preset="smollm2-135m",
        stored="gguf",
        temperature=0.2,
        top_p=0.9,
    ),
    _entry("qwen3-0.6b", "Qwen/Qwen3-0.6B", "apache-2.0", 1.5, 2.0, "thinks if asked to; any laptop", "qwen3-0.6b"),
    _entry("qwen3-1.7b", "Qwen/Qwen3-1.7B", "apache-2.0", 4.1, 5.0, "thinks if asked to; 8 GB laptops", "qwen3-1.7b"),
    _entry("qwen3-4b", "Qwen/Qwen3-4B", "apache-2.0", 8.1, 10.0, "the best small thinker; 16 GB machines", "qwen3-4b"),
    _entry(
        "r1-distill-qwen-1.5b",
        f"{_DISTILL}Qwen-1.5B",
        "mit",
        3.6,
        4.5,
        "R1's reasoning in the smallest form; mathematics on a laptop",
        "r1-distill-qwen-1.5b",
    ),
    _entry(
        "r1-distill-qwen-7b",
        f"{_DISTILL}Qwen-7B",
        "mit",
        15.3,
        18.0,
        "R1's reasoning; mathematics and code on a 24 GB machine",
        "r1-distill-qwen-7b",
    ),
    _entry(
        "r1-distill-llama-8b",
        f"{_DISTILL}Llama-8B",
        "mit, llama3.1",
        16.1,
        19.0,
        "R1's reasoning on Llama 3.1; the broader knowledge of the two",
        "r1-distill-llama-8b",
    ),
    _entry(
        "r1-distill-qwen-14b",
        f"{_DISTILL}Qwen-14B",
        "mit",
        29.6,
        34.0,
        "R1's reasoning for a 48 GB machine",
        "r1-distill-qwen-14b",
    ),
    _entry(
        "r1-distill-qwen-32b",
        f"{_DISTILL}Qwen-32B",
        "mit",
        65.6,
        72.0,
        "the strongest distill by size; a large GPU",
        "r1-distill-qwen-32b",
    ),
    _entry(
        "r1-distill-llama-70b",
        f"{_DISTILL}Llama-70B",
        "mit, llama3.3",
        141.2,
        152.0,
        "the strongest distill; two large GPUs",
        "r1-distill-llama-70b",
    ),
    _entry(
        "qwen2.5-0.5b-instruct",
        "Qwen/Qwen2.5-0.5B-Instruct",
        "apache-2.0",
        1.0,
        1.5,
        "answers without thinking; any laptop",
    ),
    _entry(
        "qwen2.5-1.5b-instruct",
        "Qwen/Qwen2.5-1.5B-Instruct",
        "apache-2.0",
        3.1,
        4.0,
        "answers without thinking; 8 GB laptops",
    ),
    _entry(
        "deepseek-v2-lite-chat",
        "deepseek-ai/DeepSeek-V2-Lite-Chat",
        "deepseek model licence",
        31.5,
        36.0,
        "DeepSeek's own architecture, 2.4 B active: quick for its size on 48 GB",
        "deepseek-v2-lite",
    ),
    Recommended(
        name="deepseek-r1",
        repo="deepseek-ai/DeepSeek-R1",
        license="mit",
        download_bytes=round(688.6 * GB),
        memory_bytes=round(1370 * GB),
        purpose="R1 itself; a cluster",
        preset="deepseek-r1",
        stored="float8_e4m3fn",
    ),
    Recommended(
        name="deepseek-v3",
        repo="deepseek-ai/DeepSeek-V3",
        license="mit, deepseek model licence",
        download_bytes=round(688.6 * GB),
        memory_bytes=round(1370 * GB),
        purpose="V3 itself; a cluster",
        preset="deepseek-v3",
        stored="float8_e4m3fn",
    ),
)

RECOMMENDED: Mapping[str, Recommended] = {model.name: model for model in _MODELS}


def find(name: str) -> Recommended:
    """The entry called ``name``, in any case; ModelNotFoundError lists what there is."""
    model = RECOMMENDED.get(name.lower())
    if model is None:
        raise ModelNotFoundError(
            f"there is no model called {name!r}",
            f"choose one of {', '.join(RECOMMENDED)}, a repository such as Qwen/Qwen3-0.6B, or a path",
        )
    return model
