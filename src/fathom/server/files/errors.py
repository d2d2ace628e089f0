"""What can be wrong with a file."""

from __future__ import annotations

from fathom.base.errors import FathomError, RequestError


class UnreadableFileError(FathomError):
    """A file whose text cannot be had: damaged, protected, too large when unpacked, of a format without a reader."""


class FileRefusedError(RequestError):
    """An upload that is not stored: empty, beyond the limit, with a name that is no name."""
