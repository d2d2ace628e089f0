import asyncio

import pytest
from run_harness import EchoTool, MemoryStore, ModelSource, Process, Tools, request, until
from scripted import Script

from fathom.server.conversations.context import Citation
from fathom.server.runs.calls import LONGEST_RESULT, MOST_CALLS
from fathom.server.tools.tool import ToolError, ToolResult

CALL = '<tool_call>\n{"name": "echo", "arguments": {"a": 1}}\n</tool_call>'


def started(*scripts, tool=None, rule="always", **fields):
    store = MemoryStore()
    store.add(request(tools=("echo",)))
    process = Process(store, *(scripts or (Script(CALL), Script("Done."))), toolbox=Tools((tool or EchoTool(),), rule))
    return store, process, process.start()


async def test_consent_is_asked_for_and_given():
    tool = EchoTool()
    store, process, execution = started(tool=tool, rule="ask")
    await until(lambda: store.records["run"].state == "consent")
    part = store.message().parts[0]
    assert (part["state"], tool.calls) == ("consent", [])
    execution.interrupts.consent(part["id"], True)
    message = await process.finish()
    assert (message.parts[0]["state"], message.parts[1]["text"]) == ("done", "Done.")
    assert store.records["run"].state == "done"


async def test_a_refused_call_is_reported_to_the_model():
    tool = EchoTool()
    store, process, execution = started(tool=tool, rule="ask")
    await until(lambda: store.records["run"].state == "consent")
    execution.interrupts.consent(store.message().parts[0]["id"], False)
    message = await process.finish()
    assert (message.parts[0]["state"], tool.calls) == ("refused", [])
    assert "refused this call" in bytes(process.served.engine.requests[1].prompt).decode()


@pytest.mark.parametrize(("repeatable", "state", "count"), [(True, "done", 2), (False, "failed", 1)])
async def test_a_call_without_a_result_runs_again_only_if_it_may(repeatable, state, count):
    tool = EchoTool(repeatable=repeatable, gate=asyncio.Event())
    store, process, _ = started(tool=tool)
    await until(lambda: any(event["type"] == "call" for event in store.logs["run"]))
    await process.kill()
    tool.gate.set()
    second = Process(store, Script("Done."), toolbox=Tools((tool,)))
    second.start()
    message = await second.finish()
    assert (message.parts[0]["state"], len(tool.calls)) == (state, count)
    assert message.parts[1]["text"] == "Done."


@pytest.mark.parametrize("repeats", [True, False])
async def test_a_call_that_waits_for_consent_survives_the_server(repeats):
    """Also where the model is another server's, which would not write the call again."""
    store, process, _ = started(rule="ask")
    await until(lambda: store.records["run"].state == "consent")
    await process.kill()
    for allowed in (None, True):
        second = Process(store, Script("Done."), toolbox=Tools((EchoTool(),), "ask"))
        second.source = ModelSource(second.served, repeats=repeats)
        begun = len(store.logs["run"])
        execution = second.start(resumes=True)
        if allowed is None:
            await until(lambda begun=begun: len(store.logs["run"]) > begun + 1)
            assert (store.records["run"].state, store.message().parts[0]["state"]) == ("consent", "consent")
            await second.kill()
    execution.interrupts.consent(store.message().parts[0]["id"], True)
    message = await second.finish()
    assert (message.state, message.parts[0]["state"], message.parts[1]["text"]) == ("done", "done", "Done.")
    assert message.usage["completion_tokens"] == len(CALL) + len("Done.") + 2
    assert len(second.served.engine.requests) == 1, "what was written is not generated again"


async def test_a_call_that_was_cut_off_stays_so_after_a_restart():
    store, process, _ = started(Script(CALL[:-20], finish="length"), rule="ask")
    await until(lambda: any(event["type"] == "segment_ended" for event in store.logs["run"]))
    await process.kill()
    del store.logs["run"][1 + [event["type"] for event in store.logs["run"]].index("segment_ended") :]
    second = Process(store, Script("more"), toolbox=Tools((EchoTool(),), "ask"))
    second.start()
    message = await second.finish()
    assert (message.state, message.finish_reason, message.parts[0]["state"]) == ("done", "length", "failed")


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        (CALL.replace("echo", "other"), "there is no tool"),
        (CALL.replace('{"a": 1}', "[1]"), "no JSON object"),
        (CALL, "the network is down; try later"),
    ],
)
async def test_what_cannot_be_called_fails_with_a_reason_and_the_model_goes_on(script, problem):
    def fail(arguments):
        raise ToolError("the network is down", "try later")

    _, process, _ = started(Script(script), Script("Sorry."), tool=EchoTool(result=fail))
    message = await process.finish()
    if message.parts[0]["type"] == "tool_call":
        assert (message.parts[0]["state"], message.parts[-1]["text"]) == ("failed", "Sorry.")
        assert problem in message.parts[0]["result"]["error"]


async def test_a_call_that_hangs_is_ended():
    _, process, _ = started(tool=EchoTool(gate=asyncio.Event(), seconds=0.01))
    message = await process.finish()
    assert "longer than 0.01 s" in message.parts[0]["result"]["error"]


async def test_a_model_that_only_calls_has_to_answer_in_the_end():
    tool = EchoTool()
    _, process, _ = started(*[Script(CALL)] * MOST_CALLS, Script("Enough."), tool=tool)
    message = await process.finish()
    assert (len(tool.calls), message.parts[-1]["text"]) == (MOST_CALLS, "Enough.")


async def test_sources_of_a_result_become_citations_and_long_results_are_cut():
    page = Citation(1, "web", "A page", "p")
    result = ToolResult("x" * (LONGEST_RESULT + 5), citations=(page,))
    _, process, _ = started(tool=EchoTool(result=lambda arguments: result))
    message = await process.finish()
    assert [part["type"] for part in message.parts] == ["tool_call", "citation", "answer"]
    assert message.parts[0]["result"]["text"].endswith(f"[{LONGEST_RESULT + 5 - 2048} more characters are left out]")


async def test_a_call_that_the_token_limit_cuts_off_is_not_run():
    tool = EchoTool()
    store = MemoryStore()
    store.add(request(tools=("echo",)))
    store.records["run"].request.sampling["max_tokens"] = 52
    process = Process(store, Script(CALL), toolbox=Tools((tool,)))
    process.start()
    message = await process.finish()
    assert (message.finish_reason, tool.calls) == ("length", [])
    assert message.parts[0]["state"] == "failed"


@pytest.mark.parametrize("effects", [True, False])
async def test_a_tool_with_effects_asks_again_once_pages_came_in(effects):
    """What a page says must not make the model do something that the reader did not see."""
    page = Citation(1, "web", "A page", "id", "http://a.example")
    tool = EchoTool(effects=effects, result=lambda _: ToolResult("read [1]", citations=(page,)))
    store, process, execution = started(Script(CALL), Script(CALL), Script("Done."), tool=tool)
    if effects:
        await until(lambda: store.records["run"].state == "consent")
        assert len(tool.calls) == 1
        (waiting,) = [part for part in store.message().parts if part.get("state") == "consent"]
        execution.interrupts.consent(waiting["id"], False)
    await process.finish()
    assert len(tool.calls) == (1 if effects else 2)
