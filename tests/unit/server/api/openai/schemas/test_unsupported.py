"""Fields that would change the answer are refused by name; neutral values and unknown fields are not."""

from __future__ import annotations

import pytest

from fathom.server.api.openai.schemas.chat import ChatRequest
from fathom.server.api.openai.schemas.completions import CompletionRequest
from fathom.server.api.openai.schemas.unsupported import (
    UNSUPPORTED,
    UNSUPPORTED_IN_CHAT,
    UNSUPPORTED_IN_COMPLETIONS,
    check_unsupported,
)
from fathom.server.errors import ApiError

CHAT = {"messages": [{"role": "user", "content": "Hi"}]}


def test_every_field_is_refused_by_its_name_and_neutral_without_a_value():
    for fields in (UNSUPPORTED, UNSUPPORTED_IN_CHAT, UNSUPPORTED_IN_COMPLETIONS):
        for name, field in fields.items():
            with pytest.raises(ApiError) as refused:
                check_unsupported({name: {"some": "value"}}, fields)
            assert refused.value.problem.param == name
            assert refused.value.problem.message == f"{name}: {field.reason}"
            check_unsupported({name: None}, fields)
            for value in field.neutral:
                check_unsupported({name: value}, fields)


@pytest.mark.parametrize(
    ("extra", "refused"),
    [
        ({"skip_special_tokens": True}, False),
        ({"skip_special_tokens": False}, True),
        ({"include_stop_str_in_output": False, "use_beam_search": False}, False),
        ({"repeat_penalty": 1.0, "typical_p": 1, "mirostat": 0}, False),
        ({"repeat_penalty": 1.1}, True),
        ({"guided_json": {"type": "object"}}, True),
        ({"bad_words": []}, False),
        ({"bad_words": ["x"]}, True),
        ({"length_penalty": 1.0, "priority": 3, "request_id": "a"}, False),
    ],
)
@pytest.mark.parametrize(("kind", "body"), [(ChatRequest, CHAT), (CompletionRequest, {"prompt": "x"})])
def test_what_clients_of_other_servers_send(kind, body, extra, refused):
    if refused:
        with pytest.raises(ApiError):
            kind.model_validate(body | extra)
    else:
        kind.model_validate(body | extra)


def test_fields_of_the_other_endpoint():
    for extra in ({"echo": True}, {"best_of": 2}, {"suffix": "x"}):
        with pytest.raises(ApiError):
            ChatRequest.model_validate(CHAT | extra)
    for extra in ({"response_format": {"type": "json_object"}}, {"tools": [{}]}):
        with pytest.raises(ApiError):
            CompletionRequest.model_validate({"prompt": "x"} | extra)
    ChatRequest.model_validate(CHAT | {"echo": False, "best_of": 1})
    CompletionRequest.model_validate({"prompt": "x", "response_format": {"type": "text"}})
