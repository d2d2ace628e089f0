"""Configuration of distillation, in its two forms.

`DistillConfig` is fine-tuning whose data a teacher writes first: traces, of which the right and readable ones are
learned (R1, sections 2.3.3 and 2.4). `OnPolicyConfig` has the student sample, and the teacher score each of its tokens
(arXiv 2306.13649).
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import (
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    field_validator,
    model_validator,
)

from fathom.base.config import Part
from fathom.tasks.verifiers.language import SCRIPTS
from fathom.train.rl.config import CompletionsConfig, TrainerConfig
from fathom.train.run.aliases import renamed_keys
from fathom.train.run.config import RunConfig
from fathom.train.run.task import TaskConfig
from fathom.train.supervised.config import TuningConfig


class EndpointConfig(Part):
    """A teacher that speaks OpenAI's protocol. ``base_url`` is the part before ``/chat/completions``.

    The key is read from the environment variable ``key_variable`` and written nowhere; None sends none. At most
    ``concurrency`` requests are under way, each for at most ``timeout`` seconds, and tried ``attempts`` times where the
    endpoint is busy or broken. ``extra`` are further fields of the request; null takes one of ours out.
    """

    kind: Literal["endpoint"] = "endpoint"
    base_url: str
    model: str = Field(min_length=1)
    key_variable: str | None = Field(default="OPENAI_API_KEY", pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    concurrency: PositiveInt = 8
    timeout: PositiveFloat = 1800.0
    attempts: PositiveInt = 6
    extra: dict[str, Any] = Field(default_factory=dict)

    @field_validator("base_url")
    @classmethod
    def _plain(cls, url: str) -> str:
        try:
            parts = urlsplit(url)
            whole = parts.scheme in ("http", "https") and parts.hostname is not None and (parts.port or 1) > 0
        except ValueError:
            whole = False
        if not whole:
            raise ValueError("this is no address such as https://api.deepseek.com/v1")
        if parts.username is not None or parts.query:  # it would be stored in run.json
            raise ValueError("an address holds no secrets here: name the key's environment variable in key_variable")
        return url.rstrip("/")


class LocalConfig(Part):
    """A teacher on this machine: ``path`` as `fathom chat` takes it. ``sequences`` of its answers run at a time."""

    kind: Literal["local"] = "local"
    path: str
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"
    sequences: PositiveInt = 256


TeacherConfig = Annotated[EndpointConfig | LocalConfig, Field(discriminator="kind")]


class FilterConfig(Part):
    """Which correct answers are trained on. R1 dropped chains of thought that mix languages, that have long
    paragraphs, and that have code blocks (section 2.3.3); None and the defaults ask for nothing of the kind.

    ``language``: at least ``language_share`` of the words are of it. ``paragraph`` bounds characters between blank
    lines. ``code_blocks`` false: none in the thoughts. ``thinking``: the answer must have been thought about. Lengths
    are in the student's tokens; whatever is configured, a trace has to fit a row and the student's context.
    ``per_problem``: at most so many of each problem, the first ones; copies do not count.
    """

    language: str | None = None
    language_share: float = Field(default=0.95, gt=0, le=1)
    paragraph: PositiveInt | None = None
    code_blocks: bool = True
    thinking: bool = False
    min_tokens: PositiveInt = 1
    max_tokens: PositiveInt | None = None
    per_problem: PositiveInt | None = None

    @field_validator("language")
    @classmethod
    def _check_language(cls, language: str | None) -> str | None:
        if language is not None and language not in SCRIPTS:
            raise ValueError(f"choose one of {', '.join(sorted(SCRIPTS))}")
        return language


class TraceData(Part):
    """``samples`` answers of ``teacher`` to each of so many different training ``problems`` of ``task``.

    An endpoint may refuse ``max_refused`` requests before the run stops.
    """

    kind: Literal["traces"] = "traces"
    teacher: TeacherConfig
    task: TaskConfig
    problems: PositiveInt = 1000
    samples: PositiveInt = 4
    max_tokens: PositiveInt = 4096
    temperature: NonNegativeFloat = 0.6
    seed: NonNegativeInt = 0
    max_refused: NonNegativeInt = 100
    filter: FilterConfig = FilterConfig()

    _earlier_keys = renamed_keys(sieve="filter")


class DistillConfig(TuningConfig):
    """Fine-tuning on traces. ``max_minutes`` bounds the fine-tuning alone."""

    free: ClassVar[frozenset[str]] = RunConfig.free | {
        f"data.teacher.{key}" for key in ("concurrency", "timeout", "attempts", "key_variable", "sequences")
    }

    stage: Literal["distill"] = "distill"
    data: TraceData  # type: ignore[assignment]  # made here, where every other stage is given its data


class OnPolicyConfig(TrainerConfig):
    """The student, ``start``, completes problems; the teacher scores each of its tokens.

    ``loss``: ``full`` is the exact reverse KL divergence over the whole vocabulary; ``sampled`` looks at the sampled
    tokens only, and follows the policy gradient. The task's verdicts are logged, and no loss depends on them.
    """

    stage: Literal["distill"] = "distill"
    teacher: TeacherConfig
    loss: Literal["full", "sampled"] = "full"
    sampling: CompletionsConfig = CompletionsConfig(group=1)

    @model_validator(mode="after")
    def _sees_probabilities(self) -> OnPolicyConfig:
        if not isinstance(self.teacher, LocalConfig):
            raise ValueError(
                "an endpoint does not report the probability of the student's tokens: name a local teacher, or distill "
                "its traces (the recipe distill)"
            )
        return self
