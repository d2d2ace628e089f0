"""The log of completions: what a line holds, and what a resumed run keeps."""

import json

from fathom.evals.grading import GradedCompletion, Group
from fathom.evals.rollout import Rollout
from fathom.tasks.rewards import Reward
from fathom.tasks.task import Item, Verdict
from fathom.train.rl.rollout_log import GROUPS, RolloutLog
from fathom.types import Message


def group(name="a", text="12"):
    member = GradedCompletion(
        Rollout((1,), (2, 3), (0.0, 0.0), "length"),
        text,
        Verdict(0.5, False, True, "it is 13"),
        True,
        Reward({"a": 0.5}),
    )
    return Group(Item(name, (Message("system", "s"), Message("user", "7+6=")), 13), (member,))


def test_a_line_holds_the_problem_and_its_completions(tmp_path):
    RolloutLog(tmp_path).append(3, [group()])
    (line,) = (tmp_path / "rollouts.jsonl").read_text().splitlines()
    assert json.loads(line) == {
        "step": 3,
        "id": "a",
        "prompt": "7+6=",
        "completions": [
            {
                "text": "12",
                "reward": 0.5,
                "correct": False,
                "lenient": True,
                "detail": "it is 13",
                "length": 2,
                "truncated": True,
            }
        ],
    }


def steps(log):
    return [json.loads(line)["step"] for line in log.path.read_text().splitlines()]


def test_a_few_groups_of_each_step_are_kept(tmp_path):
    log = RolloutLog(tmp_path)
    log.append(1, [group()] * (GROUPS + 3))
    assert steps(log) == [1] * GROUPS


def test_what_was_written_after_the_checkpoint_is_dropped(tmp_path):
    log = RolloutLog(tmp_path)
    for step in (1, 2, 3):
        log.append(step, [group()])
    with log.path.open("a") as file:
        file.write('{"step": 2, "half a line')
    log.truncate(2)
    assert steps(log) == [1, 2]
    log.truncate(0)
    assert steps(log) == []


def test_a_completion_may_hold_what_other_programs_take_for_the_end_of_a_line(tmp_path):
    log = RolloutLog(tmp_path)
    texts = ["a\u2028b", "c\x85d", "e\rf\x0cg", "half \ud800"]
    for step, text in enumerate(texts, 1):
        log.append(step, [group(text=text)])
    assert steps(log) == [1, 2, 3, 4]
    log.truncate(3)
    kept = [json.loads(line)["completions"][0]["text"] for line in log.path.read_text().splitlines()]
    assert kept == texts[:3]


def test_a_log_of_an_earlier_version_with_such_characters_is_read(tmp_path):
    log = RolloutLog(tmp_path)
    lines = [json.dumps({"step": step, "text": "a\u2028b\x85c"}, ensure_ascii=False) for step in (1, 2)]
    log.path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    log.truncate(1)
    assert log.path.read_text(encoding="utf-8") == lines[0] + "\n"


def test_other_ranks_write_nothing(tmp_path):
    log = RolloutLog(tmp_path, writes=False)
    log.append(1, [group()])
    log.truncate(0)
    assert not log.path.exists()
