"""Is this base ready for reinforcement learning? A look at a few completions, before hours are spent.

Rewards teach by contrast: a policy that is never right has nothing to imitate, one that is always right nothing to
change, and one for which guessing pays better than thinking will learn to guess. The prototype of the laptop run failed
in each of these ways, quietly, after minutes of hopeful curves. The bounds are what worked there; the last finding, a
verifier that never says yes, is an error in every run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fathom.base.errors import ConfigError
from fathom.evals.metrics import Evaluation
from fathom.train.rl.config import GateConfig

Severity = Literal["fatal", "doubtful"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something amiss. Where it is ``fatal`` no step can learn anything."""

    severity: Severity
    what: str
    advice: str


def examine(found: Evaluation, gate: GateConfig) -> list[Finding]:
    """What speaks against starting; nothing, where the base is ready."""
    k = max(found.pass_at)
    solved, ever = found.pass_at[1], found.pass_at[k]
    if ever == 0:
        return [_hopeless(found)]
    findings = []
    low, high = gate.pass_at_1
    if solved == 1:
        findings.append(Finding("fatal", "every completion is right", "choose harder problems"))
    elif solved > high:
        findings.append(
            _doubt(f"pass@1 is {solved:.1%}, above {high:.0%}", "choose harder problems: little is left to learn")
        )
    elif solved < low:
        advice = "pretrain longer or choose easier problems: most groups would be all wrong and teach nothing"
        findings.append(_doubt(f"pass@1 is {solved:.1%}, below {low:.0%}", advice))
    if ever < gate.pass_at_k:
        advice = "pretrain on more varied solutions: what is never sampled is never rewarded"
        findings.append(_doubt(f"pass@{k} is {ever:.1%}, below {gate.pass_at_k:.0%}", advice))
    if found.thought_right is None:
        findings.append(
            _doubt("no completion thinks before it answers", "show thinking in pretraining, or in the prompt")
        )
    elif found.guess_right is not None and found.guess_right >= found.thought_right:
        what = f"guesses are right in {found.guess_right:.0%}, completions that think in {found.thought_right:.0%}"
        findings.append(_doubt(what, "make guessing harder or thinking better: the policy would learn to guess"))
    if found.truncated > 0.25:
        findings.append(_doubt(f"{found.truncated:.0%} of the completions are cut off", "raise sampling.max_tokens"))
    return findings


def check_readiness(found: Evaluation, gate: GateConfig) -> list[Finding]:
    """The findings to warn of. Raises ConfigError where the run must not start."""
    findings = examine(found, gate)
    stopping = [one for one in findings if gate.mode == "stop" or one.severity == "fatal"]
    if stopping and gate.mode != "off":
        raise ConfigError(
            "the base is not ready for reinforcement learning: " + "; ".join(one.what for one in stopping),
            "; ".join(one.advice for one in stopping) + "; or set gate.mode=off",
        )
    return findings


def _hopeless(found: Evaluation) -> Finding:
    what = f"the verifier said no to all {found.problems * found.samples} completions"
    if found.truncated > 0.5:
        return Finding("fatal", f"{what}, {found.truncated:.0%} of them cut off", "raise sampling.max_tokens")
    if found.well_formed < 0.05:
        advice = "show the answer's format in pretraining, or choose another format in task.options"
        return Finding("fatal", f"{what}, of which {found.well_formed:.0%} had the right form", advice)
    return Finding("fatal", what, "pretrain longer, choose easier problems, or check the verifier on a known answer")


def _doubt(what: str, advice: str) -> Finding:
    return Finding("doubtful", what, advice)
