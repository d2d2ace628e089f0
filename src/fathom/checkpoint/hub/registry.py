"""Models worth having, by short name: what ``fathom pull NAME`` offers.

A short list by intent. Each entry has a licence that lets a person use it, an architecture that we load, and weights in
safetensors from the model's own authors. Any other repository can be pulled by its full name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from fathom.base.errors import ModelNotFoundError

GB = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Recommended:
    """A model by its short name.

    ``repo`` is its name on the hub, ``download_bytes`` what a pull fetches, ``memory_bytes`` what running it in
    bfloat16 takes, with a conversation of a few thousand tokens. ``stored`` is the number type of its files.
    ``preset`` names the configuration in ``fathom.model.presets``, where there is one. ``temperature`` and ``top_p``
    are what the model's card advises, where its files say nothing. ``revision`` is the commit that is fetched; None:
    the newest. ``thinks``: it can think before it answers. ``languages`` are those that its card names, "" where it
    names none.
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
    parameters: int | None = None
    context: int | None = None
    thinks: bool = False
    languages: str = ""


EMBEDDED = "smollm2-135m-instruct"
"""The model that comes with the installation; see ``fathom.checkpoint.resolve.find_embedded``."""


QWEN3 = "more than 100"
"""Languages that Qwen3's card names."""


def _entry(
    name: str,
    repo: str,
    license_: str,
    download: float,
    memory: float,
    purpose: str,
    preset: str | None = None,
    **facts: Any,
) -> Recommended:
    return Recommended(name, repo, license_, round(download * GB), round(memory * GB), purpose, preset, **facts)


def _qwen3_gguf(
    name: str, repo: str, bytes_: int, memory: float, purpose: str, parameters: int, revision: str | None = None
) -> Recommended:
    """A file of Qwen's own in blocks of fewer bits, with the sampling that the card advises for thinking."""
    return Recommended(
        name=name,
        repo=repo,
        license="apache-2.0",
        download_bytes=bytes_,
        memory_bytes=round(memory * GB),
        purpose=purpose,
        stored="gguf",
        temperature=0.6,
        top_p=0.95,
        revision=revision,
        parameters=parameters,
        context=40_960,
        thinks=True,
        languages=QWEN3,
    )


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
        parameters=134_515_008,
        context=8192,
        languages="English",
    ),
    _qwen3_gguf(
        "qwen3-0.6b-q8",
        "Qwen/Qwen3-0.6B-GGUF:Q8_0",
        639_446_688,
        1.2,
        "thinks if asked to; any laptop",
        596_049_920,
        "23749fefcc72300e3a2ad315e1317431b06b590a",
    ),
    _qwen3_gguf(
        "qwen3-1.7b-q8",
        "Qwen/Qwen3-1.7B-GGUF:Q8_0",
        1_834_426_016,
        2.5,
        "thinks if asked to; 4 GB laptops",
        1_720_574_976,
        "90862c4b9d2787eaed51d12237eafdfe7c5f6077",
    ),
    _qwen3_gguf(
        "qwen3-4b-q4",
        "Qwen/Qwen3-4B-GGUF:Q4_K_M",
        2_497_280_256,
        3.4,
        "the best small thinker in few bits; 8 GB laptops",
        4_022_468_096,
        "bc640142c66e1fdd12af0bd68f40445458f3869b",
    ),
    _qwen3_gguf(
        "qwen3-8b-q4",
        "Qwen/Qwen3-8B-GGUF:Q4_K_M",
        5_027_783_488,
        6.5,
        "thinks well; 16 GB machines",
        8_190_735_360,
    ),
    _entry(
        "qwen3-0.6b",
        "Qwen/Qwen3-0.6B",
        "apache-2.0",
        1.5,
        2.0,
        "thinks if asked to; any laptop",
        "qwen3-0.6b",
        revision="c1899de289a04d12100db370d81485cdf75e47ca",
        parameters=596_049_920,
        context=40_960,
        thinks=True,
        languages=QWEN3,
    ),
    _entry(
        "qwen3-1.7b",
        "Qwen/Qwen3-1.7B",
        "apache-2.0",
        4.1,
        5.0,
        "thinks if asked to; 8 GB laptops",
        "qwen3-1.7b",
        revision="70d244cc86ccca08cf5af4e1e306ecf908b1ad5e",
        parameters=1_720_574_976,
        context=40_960,
        thinks=True,
        languages=QWEN3,
    ),
    _entry(
        "qwen3-4b",
        "Qwen/Qwen3-4B",
        "apache-2.0",
        8.1,
        10.0,
        "the best small thinker; 16 GB machines",
        "qwen3-4b",
        revision="1cfa9a7208912126459214e8b04321603b3df60c",
        parameters=4_022_468_096,
        context=40_960,
        thinks=True,
        languages=QWEN3,
    ),
    _entry(
        "r1-distill-qwen-1.5b",
        f"{_DISTILL}Qwen-1.5B",
        "mit",
        3.6,
        4.5,
        "R1's reasoning in the smallest form; mathematics on a laptop",
        "r1-distill-qwen-1.5b",
        revision="ad9f0ae0864d7fbcd1cd905e3c6c5b069cc8b562",
        parameters=1_777_088_000,
        context=131_072,
        thinks=True,
    ),
    _entry(
        "r1-distill-qwen-7b",
        f"{_DISTILL}Qwen-7B",
        "mit",
        15.3,
        18.0,
        "R1's reasoning; mathematics and code on a 24 GB machine",
        "r1-distill-qwen-7b",
        revision="916b56a44061fd5cd7d6a8fb632557ed4f724f60",
        parameters=7_615_616_512,
        context=131_072,
        thinks=True,
    ),
    _entry(
        "r1-distill-llama-8b",
        f"{_DISTILL}Llama-8B",
        "mit, llama3.1",
        16.1,
        19.0,
        "R1's reasoning on Llama 3.1; the broader knowledge of the two",
        "r1-distill-llama-8b",
        revision="6a6f4aa4197940add57724a7707d069478df56b1",
        parameters=8_030_261_248,
        context=131_072,
        thinks=True,
    ),
    _entry(
        "r1-distill-qwen-14b",
        f"{_DISTILL}Qwen-14B",
        "mit",
        29.6,
        34.0,
        "R1's reasoning for a 48 GB machine",
        "r1-distill-qwen-14b",
        parameters=14_770_033_664,
        context=131_072,
        thinks=True,
    ),
    _entry(
        "r1-distill-qwen-32b",
        f"{_DISTILL}Qwen-32B",
        "mit",
        65.6,
        72.0,
        "the strongest distill by size; a large GPU",
        "r1-distill-qwen-32b",
        parameters=32_763_876_352,
        context=131_072,
        thinks=True,
    ),
    _entry(
        "r1-distill-llama-70b",
        f"{_DISTILL}Llama-70B",
        "mit, llama3.3",
        141.2,
        152.0,
        "the strongest distill; two large GPUs",
        "r1-distill-llama-70b",
        parameters=70_553_706_496,
        context=131_072,
        thinks=True,
    ),
    _entry(
        "qwen2.5-0.5b-instruct",
        "Qwen/Qwen2.5-0.5B-Instruct",
        "apache-2.0",
        1.0,
        1.5,
        "answers without thinking; any laptop",
        revision="7ae557604adf67be50417f59c2c2f167def9a775",
        parameters=494_032_768,
        context=32_768,
        languages="more than 29",
    ),
    _entry(
        "qwen2.5-1.5b-instruct",
        "Qwen/Qwen2.5-1.5B-Instruct",
        "apache-2.0",
        3.1,
        4.0,
        "answers without thinking; 8 GB laptops",
        revision="989aa7980e4cf806f80c7fef2b1adb7bc71aa306",
        parameters=1_543_714_304,
        context=32_768,
        languages="more than 29",
    ),
    _entry(
        "deepseek-v2-lite-chat",
        "deepseek-ai/DeepSeek-V2-Lite-Chat",
        "deepseek model licence",
        31.5,
        36.0,
        "DeepSeek's own architecture, 2.4 B active: quick for its size on 48 GB",
        "deepseek-v2-lite",
        parameters=15_706_484_224,
        context=163_840,
    ),
    Recommended(
        name="deepseek-r1",
        repo="deepseek-ai/DeepSeek-R1",
        license="mit",
        download_bytes=round(688.6 * GB),
        memory_bytes=round(1370 * GB),
        purpose="R1 itself; a cluster",
        parameters=671_026_404_352,
        context=163_840,
        thinks=True,
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
        parameters=671_026_404_352,
        context=163_840,
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
