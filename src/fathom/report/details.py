"""Where each run came from, for whoever wants to repeat it."""

from __future__ import annotations

import json
from typing import Any

from fathom.report import formatting as spell
from fathom.report import summary
from fathom.report.html import Html, tag
from fathom.report.run import Run
from fathom.report.values import count, text

ROOM, LONGEST = 400_000, 12_000
"""Characters of all configurations of a report together, and of one."""


def details(run: Run, runs: int = 1) -> Html:
    """Facts, what is wrong with its files, and its configuration; one of so many ``runs``."""
    config = run.facts.get("config")
    return tag(
        "details",
        tag("summary", run.label, tag("small", _in_short(run))),
        tag(
            "dl",
            [tag("div", tag("dt", name), tag("dd", said)) for name, said in facts(run).items() if said],
            class_="facts",
        ),
        [tag("p", problem, class_="problem-note") for problem in run.problems],
        tag("pre", _config_text(config, min(LONGEST, ROOM // runs)), class_="config", tabindex="0")
        if isinstance(config, dict) and config
        else None,
        class_="run",
        open=bool(run.problems),
    )


def _in_short(run: Run) -> str:
    spent = f", {spell.duration(run.seconds)}" if run.seconds is not None else ""
    return f"{run.stage}{spent}" + ("" if run.finished else ", not finished")


def facts(run: Run) -> dict[str, str]:
    """What run.json says, in words; empty where it says nothing."""
    versions = run.facts.get("versions")
    known = list(versions.items())[:8] if isinstance(versions, dict) else []
    model = [summary.parameters(run), summary.architecture(run)]
    threads = count(run.facts.get("threads"))
    done = "" if run.step is None else str(run.step)
    return {
        "recipe": run.name,
        "began with": run.start,
        "seed": "" if run.seed is None else str(run.seed),
        "model": ", ".join(part for part in model if part),
        "precision": text(run.facts.get("precision"), 20) or text(run.setting("precision"), 20),
        "machine": text(run.facts.get("device"), 80),
        "threads": "" if threads is None else str(threads),
        "versions": ", ".join(f"{text(name, 20)} {text(version, 30)}" for name, version in known),
        "updates": f"{done} of {run.steps}" if done and run.steps else done,
    }


def _config_text(config: dict[str, Any], longest: int) -> str:
    try:
        return text(json.dumps(config, indent=2, ensure_ascii=False), longest)
    except (ValueError, RecursionError):
        return "cannot be shown"
