"""Completions to read: the first step beside the last, and with the page's script any step beside any other.

Without the script the two ends stand there as plain markup. With it, the data below the figure fills both sides anew;
it is put in as text, never as markup.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from fathom.report import formatting as spell
from fathom.report.html import Html, tag
from fathom.report.rollouts import CompletionRecord, ProblemRecord, StepRecord

_SAFE = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


def browser(label: str, steps: Sequence[StepRecord], *, open_: bool) -> Html:
    """Of one run; there is at least one step."""
    first, last = steps[0], steps[-1]
    sides = [_side("before", first), _side("after", last)] if len(steps) > 1 else [_side("one step", first)]
    told = f"{label}: steps {first.step} to {last.step}" if len(steps) > 1 else f"{label}: step {first.step}"
    return tag(
        "details",
        tag("summary", told),
        tag("div", sides, class_="sides"),
        data(steps),
        class_="browser",
        open=open_,
    )


def data(steps: Sequence[StepRecord]) -> Html:
    """The steps as JSON in an element that nothing runs, with no sign in it that could end the element."""
    rows = [
        [step.step, [[p.prompt, p.right, p.of, [_row(one) for one in p.completions]] for p in step.problems]]
        for step in steps
    ]
    written = json.dumps(rows, separators=(",", ":"), ensure_ascii=False).translate(_SAFE)
    return Html(f'<script type="application/json">{written}</script>')


def _row(one: CompletionRecord) -> list[object]:
    return [one.text, int(one.correct), caption(one), _remark(one)]


def _remark(one: CompletionRecord) -> str:
    """What the verifier said, where it is more than the verdict."""
    return "" if one.detail == "right" and one.correct else one.detail


def caption(one: CompletionRecord) -> str:
    """Verdict, reward and length in one line."""
    parts = ["right" if one.correct else "wrong"]
    if one.reward is not None:
        parts.append(f"reward {spell.short(one.reward)}")
    if one.length is not None:
        parts.append(spell.with_unit(one.length, "token"))
    if one.truncated:
        parts.append("cut off")
    return " · ".join(parts)


def _side(name: str, step: StepRecord) -> Html:
    return tag(
        "section",
        tag("h3", f"{name} ", tag("span", f"step {step.step}", class_="step")),
        tag("div", _problem(step.problems[0]), class_="problem"),
        class_="side",
        aria_label=name,
    )


def _problem(problem: ProblemRecord) -> list[Html]:
    head = tag(
        "div",
        tag("pre", problem.prompt, class_="prompt"),
        tag("p", f"{problem.right} of {problem.of} right", class_="told"),
    )
    return [head, *(_completion(one) for one in problem.completions)]


def _completion(one: CompletionRecord) -> Html:
    return tag(
        "article",
        tag("p", caption(one), class_="caption"),
        tag("pre", one.text or "(nothing)"),
        tag("p", remark, class_="detail") if (remark := _remark(one)) else None,
        class_="completion " + ("right" if one.correct else "wrong"),
    )
