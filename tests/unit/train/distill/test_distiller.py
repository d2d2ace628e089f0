"""On-policy distillation: the student comes to write what the teacher would."""

import pytest
import torch
from rich.console import Console
from tiny_models import dense_config
from toy_rl import CONFIG, build, grader

from fathom.base.errors import ConfigError
from fathom.checkpoint.bundle import open_bundle
from fathom.checkpoint.hf.export import save_directory
from fathom.model.config import GQAConfig
from fathom.model.transformer import Transformer
from fathom.optim.config import AdamWConfig, OptimConfig
from fathom.recipes.countdown.vocabulary import SIZE, template, tokenizer
from fathom.text.tokenizer import bpe
from fathom.train.distill.config import LocalConfig, OnPolicyConfig
from fathom.train.distill.distiller import distillation_trainer
from fathom.train.rl.config import CompletionsConfig, EvaluationConfig
from fathom.train.rl.trainer import Trainer
from fathom.train.run.display import Display
from fathom.train.run.metrics import read
from fathom.train.run.task import TaskConfig
from fathom.train.stages import run

SAMPLING = CompletionsConfig(prompts=16, group=1, max_tokens=8)


def config(**changes):
    settings = {
        "name": "toy",
        "start": "student",
        "teacher": LocalConfig(path="teacher"),
        "task": TaskConfig(name="zero-countdown-3"),
        "steps": 12,
        "sampling": SAMPLING,
        "optim": OptimConfig(adamw=AdamWConfig(lr=1e-2, weight_decay=0)),
    }
    return OnPolicyConfig(**(settings | changes))


def distiller(**changes):
    model = build(0)
    return distillation_trainer(model, changes.pop("teacher_model", build(1)), grader(model), config(**changes))


def counter(updates, seed):
    """A small dense model that has begun to learn to count."""
    torch.manual_seed(seed)
    attention = GQAConfig(num_heads=2, num_kv_heads=1, head_dim=16)
    changes = {"vocab_size": SIZE, "intermediate_size": 64, "num_layers": 1, "max_position": 64, "init_std": 0.05}
    model = Transformer(dense_config(attention=attention, **changes))
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-2)
    draw = torch.Generator().manual_seed(0)
    for _ in range(updates):
        rows = (torch.randint(0, SIZE, (32, 1), generator=draw) + torch.arange(13)) % SIZE
        loss = torch.nn.functional.cross_entropy(model(rows[:, :-1]).flatten(0, 1), rows[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model


@pytest.fixture(scope="module")
def able():
    return counter(35, seed=1)


@pytest.mark.parametrize(("loss", "updates", "left", "more"), [("full", 9, 0.5, 0.02), ("sampled", 16, 0.5, -0.01)])
def test_the_divergence_falls_and_agreement_rises(able, loss, updates, left, more):
    """The student begins to count like its teacher, of which it sees nothing but opinions on its own attempts."""
    student = counter(updates, seed=0)
    sampling = CompletionsConfig(prompts=16, group=2, max_tokens=12)
    one = distillation_trainer(
        student, able, grader(student, eos_ids=frozenset({1})), config(loss=loss, steps=15, sampling=sampling)
    )
    lines = [one.run_step()[0] for _ in range(15)]
    first, last = lines[0], {key: sum(line[key] for line in lines[-3:]) / 3 for key in ("reverse_kl", "agreement")}
    assert last["reverse_kl"] < left * first["reverse_kl"]
    assert last["agreement"] > first["agreement"] + more


def test_a_student_that_is_its_teacher_has_nothing_to_learn():
    one = distiller(teacher_model=build(0))
    line, _ = one.run_step()
    assert line["agreement"] == 1.0
    assert [line[key] for key in ("loss", "reverse_kl", "sampled_kl")] == pytest.approx([0, 0, 0], abs=1e-6)
    assert line["gradient_norm"] < 1e-4
    assert line["engine_gap"] < 1e-5


def test_the_loss_is_the_divergence_or_its_estimate():
    assert (full := distiller().run_step()[0])["loss"] == pytest.approx(full["reverse_kl"], abs=1e-6)
    assert (line := distiller(loss="sampled").run_step()[0])["loss"] == pytest.approx(line["sampled_kl"], abs=1e-6)
    assert full["sampled_kl"] == pytest.approx(line["sampled_kl"], abs=1e-6)  # the same first samples


def test_micro_batches_do_not_change_the_update():
    whole, cut = distiller(), distiller(micro_tokens=40)
    for one in (whole, cut):
        one.updater.optimizers.step = lambda factor: 1.0
        one.run_step()
    for (name, a), b in zip(whole.model.named_parameters(), cut.model.parameters(), strict=True):
        if a.grad is not None:
            torch.testing.assert_close(a.grad, b.grad, atol=1e-6, rtol=1e-4, msg=name)


def test_the_teacher_stays_as_it_is():
    teacher = build(1)
    before = {name: weight.clone() for name, weight in teacher.state_dict().items()}
    distiller(teacher_model=teacher).run_step()
    assert all(torch.equal(before[name], weight) for name, weight in teacher.state_dict().items())


def test_a_head_padded_further_than_the_others_is_cut_to_the_tokens_of_both():
    torch.manual_seed(1)
    wider = Transformer(CONFIG.model_copy(update={"vocab_size": CONFIG.vocab_size + 64}))
    line, _ = distiller(teacher_model=wider).run_step()
    assert line["reverse_kl"] > 0


def test_a_completion_beyond_the_teachers_context_is_an_error():
    teacher = Transformer(CONFIG.model_copy(update={"max_position": 8}))
    with pytest.raises(ConfigError, match=r"the teacher's context holds 8; lower sampling.max_tokens"):
        distiller(teacher_model=teacher).run_step()


@pytest.fixture
def quiet():
    with Display(Console(quiet=True)) as shown:
        yield shown


@pytest.fixture
def places(tmp_path):
    for seed, name in enumerate(("student", "teacher")):
        save_directory(tmp_path / name, build(seed), tokenizer=tokenizer(), template=template())
    return {"start": str(tmp_path / "student"), "teacher": LocalConfig(path=str(tmp_path / "teacher"))}


def test_a_killed_run_resumes_to_the_same_weights(places, quiet, tmp_path, monkeypatch):
    settings = {
        **places,
        "steps": 4,
        "sampling": SAMPLING.model_copy(update={"prompts": 2}),
        "checkpoint": {"every": 2},
        "evaluation": EvaluationConfig(every=2, problems=2, samples=1),
    }
    assert run(config(**settings), tmp_path / "whole", quiet)
    original = Trainer.run_step

    def dies(one):
        if one.step == 3:
            raise KeyboardInterrupt
        return original(one)

    monkeypatch.setattr(Trainer, "run_step", dies)
    with pytest.raises(KeyboardInterrupt):
        run(config(**settings), tmp_path / "parts", quiet)
    monkeypatch.undo()
    assert run(config(**settings), tmp_path / "parts", quiet)
    a, b = (open_bundle(tmp_path / name / "final", dtype="float32").model.state_dict() for name in ("whole", "parts"))
    assert all(torch.equal(a[name], b[name]) for name in a)
    lines = read(tmp_path / "parts")
    assert [line["step"] for line in lines if line["kind"] == "distill"] == [1, 2, 3, 4]
    assert [line["step"] for line in lines if line["kind"] == "evaluation"] == [2, 4]
    with pytest.raises(ConfigError, match="holds a run of another configuration"):
        run(config(**settings, loss="sampled"), tmp_path / "parts", quiet)


def test_another_vocabulary_is_refused_with_a_remedy(places, quiet, tmp_path):
    save_directory(
        tmp_path / "teacher", build(1), tokenizer=bpe.train([], bpe.MIN_VOCAB_SIZE), template=bpe.chat_template()
    )
    with pytest.raises(ConfigError, match=r"different tokenizers.*distill its traces"):
        run(config(**places), tmp_path / "run", quiet)


def test_a_teacher_with_too_little_context_is_refused(places, quiet, tmp_path):
    with pytest.raises(Exception, match=r"exceed the context of 64; lower sampling.max_tokens"):
        run(config(**places, sampling=SAMPLING.model_copy(update={"max_tokens": 64})), tmp_path / "run", quiet)
