"""Errors of files say what to do."""

from __future__ import annotations

from fathom.base.errors import RequestError
from fathom.server.files.errors import FileRefusedError, UnreadableFileError


def test_an_error_has_its_remedy_apart():
    error = UnreadableFileError("the PDF is damaged", "attach another")
    assert (error.message, error.remedy, str(error)) == (
        "the PDF is damaged",
        "attach another",
        "the PDF is damaged; attach another",
    )


def test_a_refusal_is_the_fault_of_the_request():
    assert isinstance(FileRefusedError("the file is empty"), RequestError)
