"""Errors for users: lower-case, what happened, what to do. Each holds its remedy apart from its cause."""

from __future__ import annotations


class FathomError(Exception):
    """Base of every error that we raise on purpose.

    ``message`` says what happened; ``remedy`` says what to do. ``str(error)`` joins them. The command line prints
    both without a traceback; the API puts them into its error body.
    """

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(f"{message}; {remedy}" if remedy else message)
        self.message = message
        self.remedy = remedy


class ConfigError(FathomError):
    """A configuration that cannot be built: unknown architecture or key, sizes that do not fit."""


class CheckpointError(FathomError):
    """Weights that cannot be loaded: truncated, mismatched, missing, or in a format that we refuse."""


class ModelNotFoundError(FathomError):
    """A name or path that leads to no model."""


class TokenizerError(FathomError):
    """A vocabulary or chat template that is missing, broken, or does not fit."""


class DataError(FathomError):
    """Training data that cannot be used: broken lines, another hash than pinned, another tokenizer's shards."""


class ReportError(FathomError):
    """A report that cannot be made: a directory without a run, a place that cannot be written."""


class RequestError(FathomError):
    """A request that cannot be served: a prompt beyond the context, a parameter out of range."""


class ContextLengthError(RequestError):
    """The prompt leaves no room for an answer."""


class OverloadedError(FathomError):
    """The queue is full: try again later."""


class GenerationError(FathomError):
    """A completion that broke off through no fault of the request: memory ran out, an output was not finite."""
