"""Configuration of the stages that train on given text: pretraining and supervised fine-tuning."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, NonNegativeFloat, PositiveFloat, PositiveInt, model_validator

from fathom.base.config import Part
from fathom.data.packing.plan import TooLong
from fathom.model.config import ModelConfig
from fathom.optim.config import LR, OptimConfig
from fathom.optim.schedule import V3_COSINE_END, V3_HOLD_END, V3_RAMP_END, piecewise, ramp
from fathom.train.run.aliases import FunctionName, FunctionOptions, TokenizerName
from fathom.train.run.config import RunConfig

SHARD_INDEX = "index.json"
"""The file by which a directory of shards is known (`fathom.data.shards.writer`)."""

FULL_LR, LOW_RANK_LR = 5e-5, 2e-4
"""Peak rates of fine-tuning: R1's (section 2.3.3), and that of low-rank factors, which need some ten times as much
(arXiv 2106.09685, appendix D; what trl and unsloth use).
"""

Points = Annotated[tuple[tuple[float, NonNegativeFloat], ...], Field(min_length=1)]
"""(start, value) in order: a value that holds from that fraction of the run on. The first start is 0."""


class GeneratedData(Part):
    """Documents that a Python function makes: ``function`` names it as a recipe is named (``tiny-pretrain:sums``), and
    ``options`` are its arguments. It yields texts, conversations (:class:`fathom.types.Conversation`)
    or ready samples (:class:`fathom.data.shards.store.Sample`).
    """

    kind: Literal["generated"] = "generated"
    function: FunctionName
    options: FunctionOptions = Field(default_factory=dict)


class FileData(Part):
    """Files or directories (JSON, tables, text, parquet), or ``hf:OWNER/NAME``, read into memory: documents whose text
    is in ``field``, or with ``chat`` conversations (None: what the stage trains on). At most ``max_skipped`` broken
    records are passed over. Large sets are better prepared once: see :class:`ShardData`.
    """

    kind: Literal["files"] = "files"
    sources: Annotated[tuple[str, ...], Field(min_length=1)]
    chat: bool | None = None
    field: str = "text"
    max_skipped: int = Field(default=100, ge=0)


class ShardData(Part):
    """A directory of token files (:mod:`fathom.data.shards.reader`), written with the tokenizer of the run."""

    kind: Literal["shards"] = "shards"
    directory: str


def _by_name(data: Any) -> Any:
    """Data named by one text, or a list of them: a directory of shards, or sources (`FileData`)."""
    if isinstance(data, str) and (Path(data) / SHARD_INDEX).is_file():
        return {"kind": "shards", "directory": data}
    if isinstance(data, str) or (isinstance(data, list) and all(isinstance(name, str) for name in data)):
        return {"kind": "files", "sources": [data] if isinstance(data, str) else data}
    return data


Data = Annotated[
    Annotated[GeneratedData | FileData | ShardData, Field(discriminator="kind")], BeforeValidator(_by_name)
]
"""``talks.jsonl`` alone is short for ``{"kind": "files", "sources": ["talks.jsonl"]}``."""


class BatchConfig(Part):
    """``rows`` of ``length`` tokens an update; ``micro_rows`` of them at a time (None: all), so that memory bounds
    only these. ``ramp_from`` rows grow to ``rows`` until the fraction ``ramp_until`` of the run.

    A run by epochs whose data are few takes fewer rows an update, never more than the data have; with ``min_updates``
    (None: as many as there are) fewer and shorter ones, until there are about that many, or, of a run by steps or
    minutes, that many an epoch.
    """

    rows: PositiveInt = 8
    length: PositiveInt = 256
    micro_rows: PositiveInt | None = None
    min_updates: PositiveInt | None = None
    ramp_from: PositiveInt | None = None
    ramp_until: float = Field(default=V3_RAMP_END, ge=0, le=1)

    @model_validator(mode="after")
    def _ramp_rises(self) -> BatchConfig:
        if self.ramp_from is not None and self.ramp_from > self.rows:
            raise ValueError(f"ramp_from {self.ramp_from} exceeds rows {self.rows}")
        return self

    def rows_at(self, progress: float) -> int:
        """Rows of the update at ``progress`` in [0, 1)."""
        return self.rows if self.ramp_from is None else ramp(progress, self.ramp_from, self.rows, self.ramp_until)


class LossConfig(Part):
    """``mtp`` weighs the mean loss of the MTP modules (V3 eq. 25), ``balance`` the sequence-wise balance loss (α of eq.
    17), ``z`` the squared log-partition function; ``bias_speed`` is γ of the routers' bias.
    """

    mtp: Points = ((0.0, 0.3), (V3_HOLD_END, 0.1))
    balance: NonNegativeFloat = 1e-4
    z: NonNegativeFloat = 0.0
    bias_speed: Points = ((0.0, 1e-3), (V3_COSINE_END, 0.0))

    def mtp_at(self, progress: float) -> float:
        return piecewise(progress, self.mtp)

    def bias_speed_at(self, progress: float) -> float:
        return piecewise(progress, self.bias_speed)


class GuardConfig(Part):
    """The run stops where a loss or gradient is not finite, or where the loss exceeds its mean over the last ``window``
    updates by ``spike`` (nats a token; None: never).
    """

    window: PositiveInt = 20
    spike: PositiveFloat | None = 3.0


def _as_names(targets: Any) -> Any:
    """PEFT's ``all-linear``, and names in one text with commas between them."""
    if not isinstance(targets, str):
        return targets
    return None if targets == "all-linear" else [name.strip() for name in targets.split(",")]


class LoRAConfig(Part):
    """Low-rank updates (arXiv 2106.09685), or with ``dora`` those of DoRA (arXiv 2402.09353), of all linear layers
    whose own name, ours or transformers' (``gate_proj``), is in ``targets`` (None: every one but the head). The update
    counts ``alpha`` / ``rank``.
    """

    rank: PositiveInt = 16
    alpha: PositiveFloat = 32.0
    dora: bool = False
    targets: Annotated[tuple[str, ...] | None, BeforeValidator(_as_names)] = None


class SupervisedConfig(RunConfig):
    """``model`` is built anew; ``start`` names a checkpoint directory (or a model) whose weights the run begins with.
    Exactly one of them is given. ``tokenizer`` is ``bytes``, a directory, ``recipe:function`` (which returns
    a tokenizer and a chat template), or None: that of ``start``.

    Exactly one of ``steps``, ``epochs`` and ``minutes`` says how long. ``minutes`` count the making of the data as
    well, and schedules follow the clock: variants of equal time can be compared, on this machine. ``document_mask``
    keeps packed documents from seeing each other. ``too_long`` is what ``best_fit`` packing does with more than a row
    holds: pieces, the beginning, or nothing. ``validation`` is data whose loss is measured every ``validate_every``
    updates and at the end. ``data`` and ``validation`` may be the name of a file or directory.
    """

    alternatives: ClassVar = (("steps", "epochs", "minutes"), ("model", "start"))

    model: ModelConfig | None = None
    start: str | None = None
    tokenizer: TokenizerName | None = None
    data: Data
    steps: PositiveInt | None = None
    epochs: PositiveFloat | None = None
    minutes: PositiveFloat | None = None
    batch: BatchConfig = BatchConfig()
    optim: OptimConfig = OptimConfig()
    loss: LossConfig = LossConfig()
    guard: GuardConfig = GuardConfig()
    packing: Literal["stream", "best_fit"] = "stream"
    too_long: TooLong = "split"
    document_mask: bool = True
    validation: Data | None = None
    validate_every: PositiveInt = 100
    recompute: Literal["none", "norms", "blocks"] = "none"
    save_dtype: Literal["float32", "bfloat16"] = "float32"

    @model_validator(mode="after")
    def _begins_and_ends(self) -> SupervisedConfig:
        if (self.model is None) == (self.start is None):
            raise ValueError("give either model, to build one, or start, to load one")
        if [self.steps, self.epochs, self.minutes].count(None) != 2:
            raise ValueError("give one of steps, epochs and minutes")
        if self.start is None and self.tokenizer is None:
            raise ValueError("a new model needs a tokenizer: bytes, or a directory that holds one")
        return self

    @property
    def optimizers(self) -> OptimConfig:
        """``optim`` with the learning rate of the stage where it names none."""
        return self.optim.with_lr(LR)


class PretrainConfig(SupervisedConfig):
    """Every token of every document is a target."""

    stage: Literal["pretrain"] = "pretrain"


class TuningConfig(SupervisedConfig):
    """The assistant's tokens are targets, thinking included. ``template`` is a file; None takes that of ``start``.

    The MTP modules of ``start`` learn along, as V3's did. ``optim.adamw.lr`` None is `FULL_LR`, with ``lora``
    `LOW_RANK_LR`.
    """

    packing: Literal["stream", "best_fit"] = "best_fit"
    too_long: TooLong = "drop"
    template: str | None = None
    lora: LoRAConfig | None = None

    @model_validator(mode="after")
    def _one_average(self) -> TuningConfig:
        if self.lora is not None and self.optim.ema is not None:
            raise ValueError("optim.ema averages whole weights, and lora freezes them: choose one")
        return self

    @property
    def optimizers(self) -> OptimConfig:
        return self.optim.with_lr(FULL_LR if self.lora is None else LOW_RANK_LR)


class SFTConfig(TuningConfig):
    """Supervised fine-tuning on given conversations."""

    stage: Literal["sft"] = "sft"
