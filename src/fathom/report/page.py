"""The report as one HTML page that needs nothing else: no network, no font, no library."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from types import ModuleType
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

import fathom
from fathom.base.errors import ReportError
from fathom.report import charts, content, formatting, loads, verdicts, views
from fathom.report.content import RunReport
from fathom.report.records import text, visible

FILTERS = {
    formatting: "percent points with_sign size duration dollars join_words with_unit",
    views: "whole interval p_value",
}
GLOBALS = {
    charts: "draw_panel draw_passes draw_variants draw_loads shape_classes",
    content: "average total describe_run describe_traces",
    loads: "collect_loads",
    verdicts: "readiness goal_verdicts beyond_verdict",
    views: "NONE STAGE_TITLES rows_of legend_of panels_of never_dead completions_of config_text capitalize_first",
}
"""What templates use of each module."""


def write_report(report: RunReport, path: Path) -> None:
    """Write the page. Raises ReportError where that is refused."""
    try:
        path.write_text(render(report), encoding="utf-8", newline="\n")
    except OSError as error:
        raise ReportError(f"{path} cannot be written: {error.strerror}", "choose another --out") from error


def render(report: RunReport) -> str:
    """The whole page."""
    style, script = (
        Markup(files("fathom.report").joinpath(name).read_text(encoding="utf-8")) for name in ("style.css", "browse.js")
    )
    policy = (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; base-uri 'none'; form-action 'none'"
    )
    page = _environment().get_template("page.html")
    return page.render(report=report, style=style, script=script, policy=policy, version=fathom.__version__)


def _environment() -> Environment:
    """Everything printed is escaped, with a visible sign for each character that cannot be seen."""
    environment = Environment(
        loader=PackageLoader("fathom.report"),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.do"],
        finalize=lambda value: visible(value) if type(value) is str else value,
    )
    environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "separators": (",", ":")}
    environment.filters.update(text=text, **_members(FILTERS))
    environment.globals.update(_members(GLOBALS))
    return environment


def _members(names: Mapping[ModuleType, str]) -> dict[str, Any]:
    return {name: getattr(module, name) for module, joined in names.items() for name in joined.split()}


def _hash(source: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()}'"
