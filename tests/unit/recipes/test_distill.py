"""Distillation: traces of an endpoint, of a local model, and on-policy."""

from __future__ import annotations

from fathom.recipes.distill import TASK, distill, local, on_policy
from fathom.recipes.sft import sft
from fathom.train.distill.config import EndpointConfig, LocalConfig


def test_the_teacher_is_an_endpoint_or_a_local_model() -> None:
    assert isinstance(distill().data.teacher, EndpointConfig)
    assert distill().data.teacher.key_variable == "DEEPSEEK_API_KEY"
    assert isinstance(local().data.teacher, LocalConfig)
    assert local().data.model_copy(update={"teacher": distill().data.teacher}) == distill().data


def test_every_stage_starts_where_another_exports() -> None:
    assert distill().start == local().start == f"runs/{sft().name}/final"
    assert on_policy().start == f"runs/{distill().name}/final"
    assert distill().data.task == on_policy().task == TASK


def test_only_readable_responses_in_one_language_are_kept() -> None:
    kept = distill().data.filter
    assert kept.language == "en"
    assert not kept.code_blocks
    assert kept.thinking
