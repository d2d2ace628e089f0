"""Errors for users: lower-case, what happened, what to do. Each holds its remedy apart from its cause."""

from __future__ import annotations

from fathom.base.json_path import JsonPath, format_path


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
    """A request that cannot be served: a prompt beyond the context, a parameter out of range.

    ``param`` is the field at fault by its name in the API, where one is.
    """

    def __init__(self, message: str, remedy: str = "", param: str | None = None) -> None:
        super().__init__(message, remedy)
        self.param = param


class ContextLengthError(RequestError):
    """The prompt leaves no room for an answer."""


class SchemaError(RequestError):
    """A JSON schema that no grammar can be made of. ``path`` leads to the place at fault; ``rule`` is the name of the
    schema in its grammar, where there are several.
    """

    def __init__(self, message: str, remedy: str, path: JsonPath, rule: str = "") -> None:
        super().__init__(f"{format_path(path)}: {message}" if path else message, remedy)
        self.path = path
        self.rule = rule
        self._parts = (message, remedy)

    def within(self, rule: str) -> SchemaError:
        """The same error, of the schema with that name."""
        return SchemaError(*self._parts, self.path, rule)


class GrammarError(RequestError):
    """A grammar that was compiled, and whose parser reached its limits while a completion was generated."""


class OverloadedError(FathomError):
    """The queue is full: try again later."""


class GenerationError(FathomError):
    """A completion that broke off through no fault of the request: memory ran out, an output was not finite."""


class StorageError(FathomError):
    """Stored conversations that cannot be reached: a database that is locked, full, read-only, damaged or absent."""
