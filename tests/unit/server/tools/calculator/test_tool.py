"""The calculator as a model calls it."""

import pytest
from tool_calls import call_context

from fathom.server.tools.calculator.tool import CalculatorTool
from fathom.server.tools.tool import ToolError


async def test_a_value() -> None:
    result = await CalculatorTool().call({"expression": "1/3 + 1/6"}, call_context())
    assert result.text == "0.5"


@pytest.mark.parametrize("arguments", [{}, {"expression": 3}, {"expression": "1/0"}])
async def test_what_has_no_value_is_an_error_for_the_model(arguments: dict[str, object]) -> None:
    with pytest.raises(ToolError):
        await CalculatorTool().call(arguments, call_context())
