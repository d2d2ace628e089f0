"""From problems to a fine-tuned student, through teachers that fail in every way we could think of."""

import json
import threading

import pytest
import torch
from fake_endpoint import Reply, fake_endpoint, said
from rich.console import Console
from toy_rl import CONFIG, build

from fathom.base.distributed import World
from fathom.base.errors import ConfigError, DataError, GenerationError, TokenizerError
from fathom.checkpoint.bundle import open_bundle
from fathom.checkpoint.hf.export import save_directory
from fathom.optim.config import AdamWConfig, OptimConfig
from fathom.recipes.countdown.vocabulary import template, tokenizer
from fathom.text.tokenizer import bpe
from fathom.train.distill import collect
from fathom.train.distill.config import DistillConfig
from fathom.train.distill.run import KEPT, distill
from fathom.train.distill.sample import SampleBuilder
from fathom.train.run.config import override
from fathom.train.run.display import Display
from fathom.train.run.metrics import read
from fathom.train.run.task import TaskConfig, load_task
from fathom.train.stages import run

TASK = TaskConfig(name="zero-countdown-3")


@pytest.fixture(autouse=True)
def _environment(monkeypatch):
    monkeypatch.setenv("TEACHER_KEY", "sk-very-secret")
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture
def shown():
    with Display(Console(record=True, quiet=True, width=200)) as display:
        yield display


@pytest.fixture
def start(tmp_path):
    path = tmp_path / "student"
    save_directory(path, build(), tokenizer=tokenizer(), template=template())
    return str(path)


def solution(question):
    """An expression for a question such as ``24 from 3 5 9``, or None."""
    target, *numbers = (int(word) for word in question.replace("from", "").split())
    for i in range(3):
        a, b, c = (numbers[(i + k) % 3] for k in range(3))
        for left in "+-*":
            for right in "+-*":
                for text in (f"( {a} {left} {b} ) {right} {c}", f"{a} {right} ( {b} {left} {c} )"):
                    if eval(text) == target:
                        return text
    return None


def able(number, body):
    """A teacher who knows, and varies what it thinks."""
    found = solution(body["messages"][-1]["content"])
    return said(found or "I give up", reasoning_content=f"attempt {number}: {found}")


def config(start, url=None, **changes):
    teacher = {
        "kind": "endpoint",
        "base_url": url or "http://127.0.0.1:1/v1",
        "model": "t",
        "key_variable": "TEACHER_KEY",
    }
    data = {"teacher": teacher, "task": TASK, "problems": 12, "samples": 2, "max_tokens": 40}
    data |= changes.pop("data", {})
    settings = {
        "name": "toy",
        "start": start,
        "data": data,
        "epochs": 3,
        "batch": {"rows": 4, "length": 64},
        "optim": OptimConfig(adamw=AdamWConfig(lr=1e-2, weight_decay=0)),
        "precision": "float32",
        "log_every": 1,
    }
    return DistillConfig.model_validate(settings | changes)


def test_traces_are_collected_verified_and_trained_on(start, shown, tmp_path):
    out = tmp_path / "run"
    with fake_endpoint(able) as endpoint:
        assert run(config(start, endpoint.url), out, shown)
        asked = len(endpoint.asked)
    assert asked == 24
    traces = [json.loads(line) for line in (out / "traces.jsonl").read_text().splitlines()[1:]]
    assert {(one["problem"], one["sample"]) for one in traces} == {(p, s) for p in range(12) for s in range(2)}
    kept = [json.loads(line) for line in (out / KEPT).read_text().splitlines()]
    line, *losses = read(out)
    assert (line["kind"], line["step"], line["asked"], line["kept"]) == ("traces", 0, 24, len(kept))
    assert line["kept"] == sum(one["correct"] for one in traces) > 6
    assert line["teacher_tokens"] == 24 * 7
    assert line["dropped"] == ({"wrong": 24 - len(kept)} if len(kept) < 24 else {})
    assert losses[-1]["loss"] < losses[0]["loss"] - 1
    assert kept[0]["messages"][-1]["reasoning_content"].startswith("attempt")
    assert open_bundle(out / "final", dtype="float32").template is not None
    assert "sk-very-secret" not in "".join(path.read_text() for path in out.glob("*.json*"))
    before = (out / "traces.jsonl").read_bytes()
    assert run(
        config(start, endpoint.url), out, shown
    )  # nothing is left to do, and no request is sent: the teacher is gone
    assert (out / "traces.jsonl").read_bytes() == before


def test_a_killed_run_asks_for_nothing_twice_and_ends_with_the_same_weights(start, shown, tmp_path):
    def steady(number, body):
        return said(solution(body["messages"][-1]["content"]) or "no", reasoning_content="so")

    def dies(number, body):
        if number == 7:
            return Reply({"error": {"message": "revoked"}}, 401)
        return steady(number, body)

    one_by_one = {"concurrency": 1}
    with fake_endpoint(steady) as endpoint:
        whole = config(start, endpoint.url, data={"samples": 1})
        assert run(whole, tmp_path / "whole", shown)
    with fake_endpoint(dies) as endpoint:
        first = config(start, endpoint.url, data={"samples": 1})
        first = override(first, [f"data.teacher.{key}={value}" for key, value in one_by_one.items()])
        with pytest.raises(ConfigError, match="accept the key"):
            run(first, tmp_path / "parts", shown)
        assert len(endpoint.asked) == 8
        endpoint.plan = steady
        again = override(first, ["data.teacher.concurrency=3", "data.teacher.attempts=2"])  # these may change
        assert run(again, tmp_path / "parts", shown)
        assert len(endpoint.asked) == 8 + 5  # the one that failed, and those that were missing
        questions = [body["messages"][-1]["content"] for body in endpoint.asked]
        assert len(set(questions)) == 12
    a, b = (open_bundle(tmp_path / name / "final", dtype="float32").model.state_dict() for name in ("whole", "parts"))
    assert all(torch.equal(a[name], b[name]) for name in a)


def test_a_run_that_is_stopped_while_asking_resumes(start, shown, tmp_path, monkeypatch):
    stop = threading.Event()

    def plan(number, body):
        if number == 4:
            stop.set()
        return able(number, body)

    with fake_endpoint(plan) as endpoint:
        asked = config(start, endpoint.url)
        task, builder = load_task(TASK), SampleBuilder(tokenizer(), template())
        items = collect.problems(task, 12, 0)
        file = collect.TraceFile(tmp_path, collect.answer_settings(asked))
        assert not collect.collect(asked, file, items, task, builder, shown, stop.is_set)
        assert 5 <= len(file.traces) < 24
        assert collect.collect(asked, file, items, task, builder, shown, lambda: False)
        assert len(file.traces) == 24 == len(endpoint.asked)


def test_other_settings_are_refused(start, shown, tmp_path):
    with fake_endpoint(able) as endpoint:
        run(config(start, endpoint.url), tmp_path / "run", shown)
        with pytest.raises(ConfigError, match=r"data.temperature: 0.6 → 1.0"):
            run(config(start, endpoint.url, data={"temperature": 1.0}), tmp_path / "run", shown)


HOSTILE = [
    said("x" * 3_000_000),
    said("never ends", finish="length"),
    said("<｜User｜><｜end▁of▁sentence｜></think><think>"),
    said("a", reasoning_content="b</think>c"),
    said(None, tool_calls=[{"id": "1", "type": "function", "function": {"name": "rm", "arguments": "{"}}]),
    said(""),
    said("\ud83d half a pair"),
    said("\x00\x1b[31m\u202e"),
    said("{{ messages }} {% raw %}"),
    Reply(said("caf@").data().replace(b"@", b"\xff")),
    said("8" * 100_000),
    said(["not", "parts"]),
    Reply({"error": {"message": "too long"}}, 400),
]


def test_hostile_answers_are_dropped_and_never_crash(start, shown, tmp_path):
    def plan(number, body):
        return able(number, body) if number < 11 else HOSTILE[number - 11]

    with fake_endpoint(plan) as endpoint:
        asked = override(config(start, endpoint.url), ["data.teacher.concurrency=1"])
        assert run(asked, tmp_path / "run", shown)
    line = read(tmp_path / "run")[0]
    assert line["kept"] <= 11
    assert sum(line["dropped"].values()) + line["kept"] == 24
    assert line["dropped"]["refused"] == 2
    assert line["dropped"]["cut off"] == 2
    assert line["dropped"]["without an answer"] == 2


def test_a_teacher_that_refuses_too_often_ends_the_run(start, shown, tmp_path):
    refuse = Reply({"error": {"message": "not in your country"}}, 400)
    with fake_endpoint(lambda n, body: refuse if n else able(n, body)) as endpoint:
        asked = override(config(start, endpoint.url, data={"max_refused": 3}), ["data.teacher.concurrency=1"])
        with pytest.raises(DataError, match="refused 4 requests, the last one so: 400: not in your country"):
            run(asked, tmp_path / "run", shown)


def test_a_teacher_that_is_never_correct_is_an_error_with_a_remedy(start, shown, tmp_path):
    with fake_endpoint(said("I do not know")) as endpoint:
        with pytest.raises(DataError, match=r"nothing is left to train on: 0 of 24 .* 24 wrong; read traces.jsonl"):
            run(config(start, endpoint.url), tmp_path / "run", shown)
        assert len(endpoint.asked) == 24
        with pytest.raises(DataError):  # and is not asked again
            run(config(start, endpoint.url), tmp_path / "run", shown)
        assert len(endpoint.asked) == 24


def test_answers_before_a_failure_are_kept(start, shown, tmp_path):
    down = Reply({"error": "down"}, 503, {"Retry-After": "0"})
    with fake_endpoint(lambda n, body: able(n, body) if n < 5 else down) as endpoint:
        asked = override(config(start, endpoint.url), ["data.teacher.attempts=2", "data.teacher.concurrency=1"])
        with pytest.raises(GenerationError, match="run the same command again"):
            run(asked, tmp_path / "run", shown)
    assert len((tmp_path / "run" / "traces.jsonl").read_text().splitlines()) == 1 + 5


def test_a_problem_that_does_not_fit_is_refused_before_anything_is_asked(start, shown, tmp_path):
    with pytest.raises(
        ConfigError, match=r"alone has \d+ tokens, of 6 that fit a row of the student; raise batch.length"
    ):
        run(config(start, batch={"rows": 4, "length": 6}), tmp_path / "run", shown)


def test_a_student_without_a_chat_template_is_refused_before_anything_is_asked(shown, tmp_path):
    save_directory(tmp_path / "bare", build(), tokenizer=tokenizer(), template=None)
    with pytest.raises(TokenizerError, match="no chat template"):
        run(config(str(tmp_path / "bare")), tmp_path / "run", shown)


def test_a_task_that_poses_other_problems_than_before_is_noticed(start, shown, tmp_path, monkeypatch):
    with fake_endpoint(able) as endpoint:
        asked = config(start, endpoint.url)
        run(asked, tmp_path / "run", shown)
        monkeypatch.setattr(
            collect, "problems", lambda task, number, seed: list(reversed(list(task.items("train", limit=12))))
        )
        with pytest.raises(ConfigError, match="which the task no longer poses at this number"):
            run(asked, tmp_path / "run", shown)


# a teacher on this machine


@pytest.fixture
def local(tmp_path):
    """A teacher of another architecture and vocabulary that knows nothing; what it writes is wrong but whole."""
    torch.manual_seed(3)
    reader = bpe.train([], bpe.MIN_VOCAB_SIZE)
    model = build(3)
    save_directory(tmp_path / "teacher", model, tokenizer=reader, template=bpe.chat_template())
    return {"kind": "local", "path": str(tmp_path / "teacher")}


def test_a_local_teacher_gives_the_same_answers_after_a_kill(start, local, shown, tmp_path, monkeypatch):
    monkeypatch.setattr("fathom.train.distill.local.ROUND", 2)
    asked = config(start, data={"teacher": local, "problems": 5, "max_tokens": 6, "temperature": 1.0})
    for name in ("whole", "parts"):
        with pytest.raises(DataError, match="nothing is left"):
            run(asked, tmp_path / name, shown)
        if name == "parts":
            path = tmp_path / name / "traces.jsonl"
            lines = path.read_text().splitlines(keepends=True)
            path.write_text("".join(lines[:6]) + lines[6][:10])
            with pytest.raises(DataError, match="nothing is left"):
                run(asked, tmp_path / name, shown)
    whole, parts = ((tmp_path / name / "traces.jsonl").read_text() for name in ("whole", "parts"))
    assert whole == parts
    assert len(whole.splitlines()) == 1 + 10
    assert len({json.loads(line)["reasoning"] for line in whole.splitlines()[1:]}) > 5


def test_a_local_teacher_with_too_little_context_is_refused(start, local, shown, tmp_path):
    assert CONFIG.max_position == 64
    with pytest.raises(ConfigError, match=r"an answer of 60 exceed the teacher's context of 64; lower data.max_tokens"):
        run(config(start, data={"teacher": local, "max_tokens": 60}), tmp_path / "run", shown)


def test_several_processes_ask_for_nothing(start, shown, tmp_path):
    with pytest.raises(ConfigError, match=r"answers of the teacher are missing, and several processes do not ask"):
        distill(config(start), tmp_path / "run", shown, World(0, 2, 0))
