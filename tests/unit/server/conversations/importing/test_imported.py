"""What all formats become, and the error for a record that cannot."""

from __future__ import annotations

from fathom.base.errors import FathomError
from fathom.server.conversations.importing.imported import (
    ImportedConversation,
    ImportedMessage,
    ImportedPart,
    RecordError,
)


def test_defaults_are_those_of_a_plain_answer():
    message = ImportedMessage("a", None, "assistant", (ImportedPart("answer", "42"),))
    assert (message.state, message.finish_reason, message.error) == ("done", None, None)
    conversation = ImportedConversation("chatgpt", "k", "t", (message,))
    assert (conversation.title_source, conversation.head, conversation.pinned) == ("import", None, False)


def test_a_record_that_cannot_be_imported_is_an_error_with_its_reason():
    error = RecordError("it is empty")
    assert isinstance(error, FathomError)
    assert error.message == "it is empty"
