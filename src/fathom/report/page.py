"""The report as one page that needs nothing else: no network, no font, no library. The script is only for browsing."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path

import fathom
from fathom.base.errors import ReportError
from fathom.report import costs, figure, levels, results, rollouts, stages, summary
from fathom.report import formatting as spell
from fathom.report.browser import browser
from fathom.report.content import RunReport
from fathom.report.details import details
from fathom.report.html import Html, join, tag
from fathom.report.run import STEPS

Section = tuple[str, Html]
"""(title, content)."""


def write(report: RunReport, path: Path) -> None:
    """Put the page there. Raises ReportError where that is refused."""
    try:
        path.write_text(render(report), encoding="utf-8", newline="\n")
    except OSError as error:
        raise ReportError(f"{path} cannot be written: {error.strerror}", "choose another --out") from error


def render(report: RunReport) -> str:
    """The whole page."""
    style, script = _part("style.css"), _part("browse.js")
    sections = [(title, content) for title, content in _sections(report) if content]
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_policy(style, script)),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="generator", content=f"fathom {fathom.__version__}"),
        tag("title", report.title),
        Html(f"<style>{style}</style>"),
    )
    body = tag(
        "body",
        tag("a", "Skip to the results", href="#part-1", class_="skip"),
        _head(report, [title for title, _ in sections]),
        tag(
            "main",
            [
                tag("section", tag("h2", title), content, id=f"part-{place}")
                for place, (title, content) in enumerate(sections, 1)
            ],
        ),
        tag("footer", tag("p", f"Written by Fathom {fathom.__version__} from what the runs recorded.")),
        Html(f"<script>{script}</script>"),
    )
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n"


def _sections(report: RunReport) -> Iterator[Section]:
    """In the order of the page; whatever is empty is left out."""
    yield "What was asked, and what came of it", results.verdict_section(report)
    for board in report.boards:
        title = "Results" if len(report.boards) == 1 else f"Results: {board.task}, {board.split}"
        yield title, results.results_section(report, board)
    yield "What reinforcement learning changed", results.changes_section(report)
    yield "Beyond the base", levels.beyond(report.stage("beyond"))
    for name in dict.fromkeys(run.stage for run in report.runs):
        yield stages.TITLES.get(name, name[:1].upper() + name[1:]), stages.stage(report, name)
    yield "Completions to read", _completions(report)
    yield "Time and cost", _costs(report)
    yield "The runs", join(*(details(run, len(report.runs)) for run in report.runs))


def _head(report: RunReport, titles: Sequence[str]) -> Html:
    board = report.boards[0] if report.boards else None
    about = [part for part in (summary.date(report.runs), summary.hardware(report.runs)) if part]
    shown = summary.figures(report.runs, report.groups, board)
    links = [tag("li", tag("a", title, href=f"#part-{place}")) for place, title in enumerate(titles, 1)]
    return tag(
        "header",
        tag("p", "Training report", class_="kicker"),
        tag("h1", report.title),
        tag("p", " · ".join(about), class_="byline") if about else None,
        tag("p", summary.abstract(report.runs, report.groups, board), class_="abstract"),
        tag("dl", [_large(one) for one in shown], class_="figures") if shown else None,
        tag("nav", tag("ol", links), aria_label="Contents"),
    )


def _large(one: summary.Figure) -> Html:
    before = tag("span", f"{one.before} → ", class_="before") if one.before else None
    return tag("div", tag("dt", one.name), tag("dd", before, one.value))


def _completions(report: RunReport) -> Html:
    runs = [run for run in report.runs if STEPS in run.lines or run.rollouts().is_file()]
    read = []
    for run in runs:
        steps, problems = rollouts.steps(run, rollouts.ROOM // max(1, len(runs)))
        run.problems += problems
        if steps:
            read.append((run, steps))
    if not read:
        return Html()
    note = "A few completions of a few steps, as they were sampled and graded. Every step has problems of its own."
    return join(
        tag("p", note, class_="note"),
        [browser(run.label, steps, open_=not place) for place, (run, steps) in enumerate(read)],
    )


def _costs(report: RunReport) -> Html:
    rates = sorted({rate for run in report.runs if (rate := run.dollars_per_hour)})
    price = f"At {spell.join_words([spell.dollars(rate) for rate in rates])} an hour." if rates else "No price was set."
    means = " Updates, tokens and time are means of a run." if any(len(arm.runs) > 1 for arm in report.groups) else ""
    caption = (
        f"Machine time up to the last recorded line, that of killed processes as far as it was saved.{means} {price}"
    )
    return figure.table(costs.table(report.runs, report.groups), caption)


def _policy(style: str, script: str) -> str:
    """Nothing from anywhere, and of what is inside only our own style and script."""
    rules = f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}"
    return f"{rules}; base-uri 'none'; form-action 'none'"


def _part(name: str) -> str:
    return files("fathom.report").joinpath(name).read_text(encoding="utf-8")


def _hash(source: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()}'"
