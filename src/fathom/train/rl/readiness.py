"""Is this base ready for reinforcement learning? A look at a few completions, before hours are spent.

Advantages come from contrast within a group: a policy that is never right has nothing to imitate, one that is always
right nothing to change, and one for which guessing pays better than thinking will learn to guess. The prototype of the
laptop run failed in each of these ways, without an error, after rewards had risen for minutes; the bounds are what
worked there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fathom.base.errors import ConfigError
from fathom.evals.metrics import Evaluation
from fathom.train.rl.config import ReadinessConfig

Severity = Literal["fatal", "doubtful"]


@dataclass(frozen=True, slots=True)
class Finding:
    """A reason not to start. Where it is ``fatal`` no step can learn anything."""

    severity: Severity
    what: str
    advice: str


def check_readiness(evaluation: Evaluation, gate: ReadinessConfig) -> list[Finding]:
    """The findings to warn of. Raises ConfigError where the run must not start."""
    findings = find_obstacles(evaluation, gate)
    stopping = [finding for finding in findings if gate.mode == "stop" or finding.severity == "fatal"]
    if stopping and gate.mode != "off":
        raise ConfigError(
            "the base is not ready for reinforcement learning: " + "; ".join(finding.what for finding in stopping),
            "; ".join(finding.advice for finding in stopping) + "; or set gate.mode=off",
        )
    return findings


def find_obstacles(evaluation: Evaluation, gate: ReadinessConfig) -> list[Finding]:
    """Every reason not to start; none, where the base is ready."""
    k = max(evaluation.pass_at)
    if evaluation.pass_at[k] == 0:
        return [_never_right(evaluation)]
    findings = [*_difficulty(evaluation.pass_at[1], gate)]
    if evaluation.pass_at[k] < gate.pass_at_k:
        advice = "pretrain on more varied solutions: what is never sampled is never rewarded"
        findings.append(_doubt(f"pass@{k} is {evaluation.pass_at[k]:.1%}, below {gate.pass_at_k:.0%}", advice))
    findings += _guessing(evaluation)
    if evaluation.truncated > 0.25:
        what = f"{evaluation.truncated:.0%} of the completions are truncated"
        findings.append(_doubt(what, "raise sampling.max_tokens"))
    return findings


def _difficulty(solved: float, gate: ReadinessConfig) -> list[Finding]:
    low, high = gate.pass_at_1
    if solved == 1:
        return [Finding("fatal", "every completion is right", "choose harder problems")]
    if solved > high:
        what = f"pass@1 is {solved:.1%}, above {high:.0%}"
        return [_doubt(what, "choose harder problems: little is left to learn")]
    if solved < low:
        advice = "pretrain longer or choose easier problems: most groups would be all wrong, with advantages of 0"
        return [_doubt(f"pass@1 is {solved:.1%}, below {low:.0%}", advice)]
    return []


def _guessing(evaluation: Evaluation) -> list[Finding]:
    thinking, guesses = evaluation.thought_right, evaluation.guess_right
    if thinking is None:
        advice = "show thinking in pretraining, or in the prompt"
        return [_doubt("no completion thinks before it answers", advice)]
    if guesses is not None and guesses >= thinking:
        what = f"guesses are right in {guesses:.0%}, completions that think in {thinking:.0%}"
        return [_doubt(what, "make guessing harder or thinking better: the policy would learn to guess")]
    return []


def _never_right(evaluation: Evaluation) -> Finding:
    what = f"none of {evaluation.problems * evaluation.samples} completions is correct"
    if evaluation.truncated > 0.5:
        return Finding("fatal", f"{what}, {evaluation.truncated:.0%} of them truncated", "raise sampling.max_tokens")
    if evaluation.well_formed < 0.05:
        advice = "show the answer's format in pretraining, or choose another format in task.options"
        return Finding("fatal", f"{what}, of which {evaluation.well_formed:.0%} had the right form", advice)
    return Finding("fatal", what, "pretrain longer, choose easier problems, or check the verifier on a known answer")


def _doubt(what: str, advice: str) -> Finding:
    return Finding("doubtful", what, advice)
