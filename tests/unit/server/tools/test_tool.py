from types import MappingProxyType

from fathom.server.tools.tool import AssistantTool, CallContext, ToolError, ToolResult


class Echo:
    name, title, description = "echo", "Echo", "says it again"
    parameters = MappingProxyType({"type": "object", "properties": {"text": {"type": "string"}}})
    repeatable, seconds = True, 1.0

    async def call(self, arguments, context):
        if "text" not in arguments:
            raise ToolError("no text", "send one")
        context.report("echoing")
        return ToolResult(str(arguments["text"]))


async def test_a_tool_is_what_has_a_name_a_schema_and_a_call():
    tool: AssistantTool = Echo()
    lines = []
    assert await tool.call({"text": "a"}, CallContext("c", "m", "t", 1, lines.append)) == ToolResult("a")
    assert lines == ["echoing"]
