"""The calculator as a tool."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fathom.server.tools.calculator.calculator import LONGEST, calculate
from fathom.server.tools.calculator.numbers import CalculationError
from fathom.server.tools.tool import CallContext, ToolError, ToolResult


class CalculatorTool:
    """Calculates one expression. Nothing leaves the process, and nothing is kept."""

    name = "calculator"
    title = "Calculator"
    description = (
        "Calculates one expression exactly: + - * / // % ^, !, parentheses, comparisons, pi, e, sqrt, root, exp, ln, "
        "log(x, base), sin, cos, tan, asin, acos, atan (radians; write 30° for degrees), floor, ceil, abs, "
        "round(x, places), mod, gcd, lcm, binomial, factorial, powmod, min, max, sum, mean, median. "
        "Fractions stay exact: 1/3 + 1/6 is 1/2."
    )
    parameters: Mapping[str, Any] = {
        "type": "object",
        "properties": {
            "expression": {"type": "string", "description": "for example: (17.5 * 3)^2 / sqrt(2)", "maxLength": LONGEST}
        },
        "required": ["expression"],
        "additionalProperties": False,
    }
    repeatable = True
    effects = False
    seconds = 5.0

    async def call(self, arguments: Mapping[str, Any], context: CallContext) -> ToolResult:  # noqa: ARG002
        expression = arguments.get("expression")
        if not isinstance(expression, str):
            raise ToolError("the calculator needs an expression", 'call it with {"expression": "2 + 3"}')
        try:
            return ToolResult(calculate(expression))
        except CalculationError as error:
            raise ToolError(error.message, error.remedy) from None
