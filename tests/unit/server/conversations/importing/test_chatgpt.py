"""ChatGPT's export: what a person saw there is here, in one message a turn; what was hidden is not."""

from __future__ import annotations

import json

import pytest
from chat_exports import chatgpt, chatgpt_message, deepseek, shape

from fathom.server.conversations.importing.chatgpt import read, recognises

HIDDEN = {"is_visually_hidden_from_conversation": True}


def test_recognition():
    assert recognises(chatgpt())
    assert not recognises(deepseek())
    assert not recognises({"mapping": []})


def test_a_conversation():
    conversation = read(
        chatgpt(
            ("root", None, None),
            ("s", "root", chatgpt_message("system", "", metadata=HIDDEN)),
            ("u", "s", chatgpt_message("user", "Name a river")),
            ("a", "u", chatgpt_message("assistant", "The Rhine.", metadata={"model_slug": "gpt-4o"})),
            is_starred=True,
        )
    )
    assert (conversation.source, conversation.key, conversation.title) == ("chatgpt", "c1", "Rivers")
    assert (conversation.created, conversation.updated) == (1_700_000_000_000, 1_700_000_100_000)
    assert (conversation.pinned, conversation.head) == (True, "a")
    assert shape(conversation) == [
        ("u", None, "user", [("text", "Name a river")]),
        ("a", "u", "assistant", [("answer", "The Rhine.")]),
    ]
    assert conversation.messages[1].model == "gpt-4o"
    assert conversation.messages[1].created == 1_700_000_000_500


def test_edits_and_second_answers_are_siblings_in_the_order_of_time():
    conversation = read(
        chatgpt(
            ("root", None, None),
            ("a2", "u1", chatgpt_message("assistant", "Second", create_time=30)),
            ("u2", "root", chatgpt_message("user", "Edited", create_time=40)),
            ("u1", "root", chatgpt_message("user", "First", create_time=10)),
            ("a1", "u1", chatgpt_message("assistant", "First answer", create_time=20)),
            current_node="a1",
        )
    )
    assert [(message.key, message.parent) for message in conversation.messages] == [
        ("u1", None),
        ("a1", "u1"),
        ("a2", "u1"),
        ("u2", None),
    ]
    assert conversation.head == "a1"


def test_a_turn_with_thoughts_code_and_output():
    thoughts = {
        "content_type": "thoughts",
        "thoughts": [{"summary": "Plan", "content": "Use code."}, {"content": "Go."}],
    }
    recap = {"content_type": "reasoning_recap", "content": "Thought for 12s"}
    code = {"content_type": "code", "language": "python", "text": "1 + 1"}
    conversation = read(
        chatgpt(
            ("u", None, chatgpt_message("user", "Add")),
            ("t", "u", chatgpt_message("assistant", thoughts)),
            ("r", "t", chatgpt_message("assistant", recap, metadata={"finished_duration_sec": 12})),
            ("c", "r", chatgpt_message("assistant", code, recipient="python", id="c")),
            ("o", "c", chatgpt_message("tool", {"content_type": "execution_output", "text": "2"}, name="python")),
            ("a", "o", chatgpt_message("assistant", "It is 2.")),
            current_node="o",
        )
    )
    (_, answer) = conversation.messages
    assert [part.type for part in answer.parts] == ["thinking", "tool_call", "answer"]
    assert (answer.parts[0].text, answer.parts[0].data) == ("**Plan**\n\nUse code.\n\nGo.", {"ms": 12_000})
    called = answer.parts[1].data
    assert (called["name"], json.loads(called["arguments"]), called["state"]) == ("python", {"code": "1 + 1"}, "done")
    assert called["result"] == {"text": "2"}
    assert answer.key == conversation.head == "a"


def test_tool_calls_of_other_tools():
    conversation = read(
        chatgpt(
            ("u", None, chatgpt_message("user", "Draw")),
            ("c", "u", chatgpt_message("assistant", '{"prompt": "a cat"}', recipient="dalle.text2im")),
            (
                "o",
                "c",
                chatgpt_message(
                    "tool",
                    {
                        "content_type": "multimodal_text",
                        "parts": [{"content_type": "image_asset_pointer", "asset_pointer": "sediment://file_00ff"}],
                    },
                    name="dalle.text2im",
                ),
            ),
            (
                "e",
                "o",
                chatgpt_message("tool", {"content_type": "system_error", "name": "Denied", "text": ""}, name="web.run"),
            ),
        )
    )
    draw, denied = conversation.messages[1].parts
    assert draw.data["arguments"] == '{"prompt": "a cat"}'
    assert [file.entry for file in draw.files] == ["file_00ff"]
    assert (denied.data["name"], denied.data["state"], denied.data["result"]["error"]) == (
        "web.run",
        "failed",
        "Denied",
    )


def test_files_images_and_speech_of_a_question():
    parts = [
        {"content_type": "image_asset_pointer", "asset_pointer": "file-service://file-AbC"},
        {"content_type": "audio_transcription", "text": "spoken"},
        {"content_type": "audio_asset_pointer", "asset_pointer": "sediment://x"},
        "typed",
        None,
    ]
    attachments = [
        {"id": "file-AbC", "name": "cat.png"},
        {"id": "file-Def", "name": "a.pdf", "mime_type": "application/pdf"},
    ]
    conversation = read(
        chatgpt(
            (
                "u",
                None,
                chatgpt_message(
                    "user", {"content_type": "multimodal_text", "parts": parts}, metadata={"attachments": attachments}
                ),
            )
        )
    )
    (question,) = conversation.messages
    assert [part.type for part in question.parts] == ["file", "file", "text"]
    assert question.parts[1].files[0].media_type == "application/pdf"
    assert question.parts[2].text == "spoken\n\ntyped"


def test_what_ended_early():
    conversation = read(
        chatgpt(
            ("u", None, chatgpt_message("user", "x")),
            ("a", "u", chatgpt_message("assistant", "cut", metadata={"finish_details": {"type": "interrupted"}})),
            ("b", "u", chatgpt_message("assistant", "long", metadata={"finish_details": {"type": "max_tokens"}})),
            ("c", "u", chatgpt_message("assistant", "live", status="in_progress")),
        )
    )
    endings = [(message.state, message.finish_reason) for message in conversation.messages[1:]]
    assert endings == [("stopped", None), ("done", "length"), ("stopped", None)]


def test_numbers_of_sources_begin_anew_in_each_turn():
    cited = {
        "content_references": [
            {"matched_text": "\ue200cite\ue202turn0search1\ue201", "items": [{"title": "A", "url": "https://a"}]}
        ]
    }
    answer = "River\ue200cite\ue202turn0search1\ue201."
    conversation = read(
        chatgpt(
            ("u", None, chatgpt_message("user", "x")),
            ("a", "u", chatgpt_message("assistant", answer, metadata=cited)),
            ("v", "a", chatgpt_message("user", "y")),
            ("b", "v", chatgpt_message("assistant", answer, metadata=cited)),
        )
    )
    for message in conversation.messages[1::2]:
        assert [part.type for part in message.parts] == ["answer", "citation"]
        assert message.parts[0].text == "River[1]."
        assert message.parts[1].data["url"] == "https://a"


@pytest.mark.parametrize(
    "node",
    [
        None,
        [],
        "x",
        {"message": "x"},
        {"message": {"author": "x", "content": "y"}},
        {"message": {"author": {"role": ["user"]}, "content": {"content_type": {}, "parts": 5}}},
        {
            "message": {
                "author": {"role": "user"},
                "content": {"content_type": "text", "parts": [{"text": 3}, ["x"], 4]},
            }
        },
        {"message": {"author": {"role": "tool"}, "content": {"content_type": "text"}, "metadata": 4}, "parent": {}},
        {
            "message": {
                "author": {"role": "assistant"},
                "content": {"content_type": "thoughts", "thoughts": [1, "x", None]},
            }
        },
        {
            "message": {
                "author": {"role": "assistant"},
                "content": {"content_type": "text", "parts": ["x"]},
                "metadata": {
                    "content_references": [1, {"matched_text": 2}],
                    "citations": [{"start_ix": "x"}],
                    "finish_details": {"type": []},
                    "finished_duration_sec": "x",
                },
                "create_time": "soon",
            }
        },
    ],
)
def test_wrong_types_are_absent_values(node):
    record = {"mapping": {"n": node}, "create_time": [], "title": 5, "current_node": {"a": 1}, "id": None}
    conversation = read(record)
    assert conversation.title == conversation.key == ""
    assert len(conversation.messages) <= 1


def test_a_circle_of_parents_ends():
    conversation = read(
        chatgpt(
            ("a", "b", chatgpt_message("user", "x")), ("b", "a", chatgpt_message("assistant", "y")), current_node="zzz"
        )
    )
    assert len(conversation.messages) == 2
    assert conversation.head is None
