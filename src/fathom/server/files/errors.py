"""What can be wrong with a file."""

from __future__ import annotations

from fathom.base.errors import FathomError, RequestError


class UnreadableFileError(FathomError):
    """A file whose text cannot be had: damaged, protected, too large when unpacked, of a format without a reader."""


class FileRefusedError(RequestError):
    """An upload that is not stored."""


class FileTooLargeError(FileRefusedError):
    """An upload beyond the limit of ``most`` bytes."""

    def __init__(self, most: int) -> None:
        super().__init__(
            f"the file is larger than {most / 2**20:,.0f} MB", "attach a part of it, or raise FATHOM_MAX_FILE_BYTES"
        )


class FileInUseError(RequestError):
    """A file that cannot be deleted, because messages or projects hold it."""
